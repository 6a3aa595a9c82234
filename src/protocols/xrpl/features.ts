/** The X-Protocol-Ctl field: what a link may use beyond the plain protocol (section 9). */

export type FeatureName = 'compr' | 'ledgerreplay' | 'txrr' | 'vprr';
export type Features = Readonly<Record<FeatureName, boolean>>;

/** In the order they are written. */
export const FEATURE_NAMES: readonly FeatureName[] = ['compr', 'ledgerreplay', 'txrr', 'vprr'];

/** The field of a request: what is enabled here. */
export function offerOf(enabled: Features): string {
  return written((name) => enabled[name]);
}

/** The field of a response: what was offered and is enabled here. */
export function answerTo(offer: string, enabled: Features): string {
  return written((name) => enabled[name] && offers(offer, name));
}

/** What the other side's field names. */
export function featuresIn(field: string): Features {
  return recordOf((name) => offers(field, name));
}

/** What a link uses: enabled here, and named by the other side. */
export function agreedFeatures(field: string, enabled: Features): Features {
  return recordOf((name) => enabled[name] && offers(field, name));
}

/** The value that `name` has in the field: what stands behind the first place where the name, even at the end of a longer one, is directly followed by `=`. */
export function featureValue(field: string, name: string): string | undefined {
  for (let at = field.indexOf(`${name}=`); at >= 0; at = field.indexOf(`${name}=`, at + 1)) {
    const value = /^[^; \t\r\n\v\f]+/.exec(field.slice(at + name.length + 1));
    if (value) return value[0];
  }
  return undefined;
}

/** Whether `wanted` is one element of the value, in any case. */
export function hasFeature(field: string, name: string, wanted: string): boolean {
  const value = featureValue(field, name);
  return value?.split(',').some((element) => element.toLowerCase() === wanted.toLowerCase()) ?? false;
}

function offers(field: string, name: FeatureName): boolean {
  return hasFeature(field, name, WANTED[name]);
}

function written(has: (name: FeatureName) => boolean): string {
  return FEATURE_NAMES.filter(has)
    .map((name) => `${name}=${WANTED[name]};`)
    .join('');
}

function recordOf(has: (name: FeatureName) => boolean): Features {
  return { compr: has('compr'), ledgerreplay: has('ledgerreplay'), txrr: has('txrr'), vprr: has('vprr') };
}

const WANTED: Readonly<Record<FeatureName, string>> = { compr: 'lz4', ledgerreplay: '1', txrr: '1', vprr: '1' };
