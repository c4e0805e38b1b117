// Loaded before a program: its clock is off by SKEW_MS until it gets SIGUSR2, as if somebody had set it.
const Real = Date
let skew = Number(process.env['SKEW_MS'])

globalThis.Date = new Proxy(Real, {
  construct: (target, given: readonly unknown[], anew) =>
    Reflect.construct(target, given.length === 0 ? [Real.now() + skew] : [...given], anew),
  get: (target, name) => (name === 'now' ? () => Real.now() + skew : Reflect.get(target, name)),
})
process.on('SIGUSR2', () => {
  skew = 0
})
