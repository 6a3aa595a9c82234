import { suiteOf } from './counting-suite.mjs';

export const suite = suiteOf('honest', 'of tomorrow', 'by itself');
