// From single probe results to a state: the first result decides alone, later changes take as many equal results in a row as the check says.

export type HealthState = 'normal' | 'abnormal' | 'unavailable'

export type Thresholds = { readonly healthyThreshold: number; readonly unhealthyThreshold: number }

/** `against`: results in a row that speak against the state. */
export type Track = { readonly state: HealthState; readonly against: number }

/** Before the first result. */
export const UNKNOWN: Track = { state: 'unavailable', against: 0 }

export function follow(track: Track, good: boolean, { healthyThreshold, unhealthyThreshold }: Thresholds): Track {
  const seen = good ? 'normal' : 'abnormal'
  if (track.state === 'unavailable' || track.state === seen) return { state: seen, against: 0 }
  const against = track.against + 1
  return against >= (good ? healthyThreshold : unhealthyThreshold) ? { state: seen, against: 0 } : { ...track, against }
}
