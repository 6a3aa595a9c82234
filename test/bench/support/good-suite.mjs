import { suiteOf } from './counting-suite.mjs';

export const suite = suiteOf('honest', 'asynchronous', 'not installed', 'only one', 'slow');
