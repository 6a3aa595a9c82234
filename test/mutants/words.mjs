/** Words for people are nobody's promise: what an error says besides its code is not changed. */
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

/** Of these calls the first argument is a code, or none. */
const SAYS = new Set(['HandfastError', 'fault', 'failed', 'refused', 'holds']);

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'words', {
    shouldIgnore({ node, parentPath, listKey, key }) {
      if (node.type !== 'StringLiteral' && node.type !== 'TemplateLiteral') return undefined;
      const call = parentPath?.node;
      if ((call?.type !== 'NewExpression' && call?.type !== 'CallExpression') || listKey !== 'arguments' || key === 0) return undefined;
      const callee = call.callee.type === 'Identifier' ? call.callee.name : undefined;
      return SAYS.has(callee) ? 'words of an error' : undefined;
    },
  }),
];
