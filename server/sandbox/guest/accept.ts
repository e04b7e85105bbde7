interface Candidate {
  readonly mime: string
  readonly fitness: number
  readonly quality: number
}

/** Returns the type that suits an Accept header best; among equals, the last. */
export function bestMatch(supported: string[], accept: string): string | undefined {
  let best: Candidate | undefined
  for (const mime of supported) {
    for (const range of accept.split(',')) {
      const candidate = { mime, fitness: fitnessOf(mime, range), quality: qualityOf(range) }
      if (candidate.fitness === 0 || candidate.quality === 0) continue
      if (isBetter(candidate, best)) best = candidate
    }
  }
  return best?.mime
}

function isBetter(candidate: Candidate, best: Candidate | undefined): boolean {
  if (best === undefined || candidate.quality > best.quality) return true
  return candidate.quality === best.quality && candidate.fitness >= best.fitness
}

/** Returns how specifically a range of an Accept header names a type; 0 where it does not. */
function fitnessOf(mime: string, range: string): number {
  const [type = '', subtype = ''] = typeAndSubtype(mime)
  const [wantedType = '', wantedSubtype = ''] = typeAndSubtype(range)
  if (wantedType === '*') return 1
  if (wantedType !== type) return 0
  if (wantedSubtype === '*') return 100
  return wantedSubtype === subtype ? 110 : 0
}

function typeAndSubtype(text: string): string[] {
  return (text.split(';')[0] ?? '').trim().split('/')
}

function qualityOf(range: string): number {
  const given = /;\s*q=([0-9.]+)/.exec(range)?.[1]
  return given === undefined ? 1 : Number(given)
}
