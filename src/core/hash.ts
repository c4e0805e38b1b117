// A short hash that tells names apart, nothing more.

/** FNV-1a, 32 bit, over UTF-16 units; 8 hexadecimal digits. */
export function fnv(text: string): string {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return (h >>> 0).toString(16).padStart(8, '0')
}
