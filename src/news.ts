// Tells the log what is new on the page, once: problems, held deletes, drift, ports that are not exposed. A page itself is never logged.
import type { BoardPen, StatusPage } from './board.ts'
import type { Logger } from './log.ts'

type News = { readonly level: 'info' | 'warn'; readonly fields: object; readonly message: string; readonly count?: 'label' | 'held' }

function newsOf(page: Pick<StatusPage, 'problems' | 'held' | 'drift' | 'ports' | 'paused'>): ReadonlyMap<string, News> {
  const news = new Map<string, News>()
  const tell = (one: News) => news.set(JSON.stringify([one.message, one.fields]), one)
  for (const { kind, subject, port, text } of page.problems) {
    tell({
      level: 'warn',
      fields: { kind, service: subject, port, problem: text },
      message: 'problem',
      ...(kind === 'label' ? { count: 'label' } : {}),
    })
  }
  for (const { loadBalancer, listener, service } of page.held.deletes) {
    tell({
      level: 'warn',
      fields: { lb: loadBalancer, listener, service, reason: page.held.reason },
      message: 'delete is held',
      count: 'held',
    })
  }
  for (const { loadBalancer: lb, by, since, until, astray } of page.paused ?? []) {
    tell({ level: 'warn', fields: { lb, by, since, until }, message: 'paused: nothing is written' })
    for (const listener of astray) {
      tell({ level: 'warn', fields: { lb, listener }, message: 'leads to a port of another service and is not stopped: paused' })
    }
  }
  for (const text of page.drift) tell({ level: 'warn', fields: { drift: text }, message: 'drift is left alone' })
  for (const { service, port, state, reason } of page.ports) {
    if (state === 'unexposed') tell({ level: 'info', fields: { service, port, reason }, message: 'port is not exposed' })
  }
  return news
}

/** Answers with a function to be called with every page. */
export function createNews(log: Logger, board: BoardPen): (page: Parameters<typeof newsOf>[0]) => void {
  let told: ReadonlyMap<string, News> = new Map()
  return (page) => {
    const news = newsOf(page)
    for (const [key, one] of news) {
      if (told.has(key)) continue
      log[one.level](one.fields, one.message)
      if (one.count === 'label') board.count('errors', { source: 'label' })
      if (one.count === 'held') board.count('deletesBlocked', {})
    }
    for (const [key, one] of told) {
      if (!news.has(key) && one.message !== 'port is not exposed') log.info(one.fields, `${one.message}: over`)
    }
    told = news
  }
}
