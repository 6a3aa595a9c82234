/** Words for people are nobody's promise: what an error says besides its code is not changed. */

/** Of these calls the first argument is a code, or the name of an option. */
const SAYS = new Set(['HandfastError', 'fault', 'failed', 'refused', 'holds', 'bad', 'broken']);
/** These say nothing else. */
const ONLY_SAYS = new Set(['badKey', 'malformed']);

export const words = {
  shouldIgnore({ node, parentPath, listKey, key }) {
    if (node.type !== 'StringLiteral' && node.type !== 'TemplateLiteral') return undefined;
    const call = parentPath?.node;
    if ((call?.type !== 'NewExpression' && call?.type !== 'CallExpression') || listKey !== 'arguments') return undefined;
    const callee = call.callee.type === 'Identifier' ? call.callee.name : undefined;
    return ONLY_SAYS.has(callee) || (SAYS.has(callee) && key !== 0) ? 'words of an error' : undefined;
  },
};
