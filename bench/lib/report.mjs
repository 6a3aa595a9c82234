// @ts-check
export const reportPage = () => '';
