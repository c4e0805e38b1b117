// What was worked out from an object is worked out once, for as long as somebody holds that object. Objects here never change.

export function byIdentity<K extends object, V>(work: (key: K) => V): (key: K) => V {
  const done = new WeakMap<K, { readonly value: V }>()
  return (key) => {
    const known = done.get(key)
    if (known !== undefined) return known.value
    const value = work(key)
    done.set(key, { value })
    return value
  }
}
