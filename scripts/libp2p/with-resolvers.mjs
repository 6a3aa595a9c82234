/** `Promise.withResolvers`, which libp2p calls and Node 20 does not have. */
Promise.withResolvers ??= () => {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
};
