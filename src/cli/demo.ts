import type { Command } from './command.ts';
export const demo: Command = {
  name: 'demo',
  summary: 'x',
  usage: '',
  help: [],
  options: {},
  examples: [''],
  positionals: [0, 0],
  run: async () => 0,
};
