/** Sockets of this machine that only their owner can use: the rights of the file system are the only key. For a running node's own commands, not for peers. */
import { lstat, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { HandfastError } from '../errors.ts';

export interface LocalListener {
  /** Absolute. */
  readonly path: string;
  /** Stops accepting and removes the socket; resolves when the last connection is gone. */
  close(): Promise<void>;
}

/**
 * Listens at `path` with mode 0600, in a directory that nobody but its owner can write to. A socket that nobody listens at any more is replaced, anything else that is there never.
 * Main thread only: it sets the umask for the moment of binding.
 * @throws HF_BAD_ARGUMENT: the path is too long, the directory is not there or others can write to it; HF_LISTEN_FAILED: somebody listens there, it is no socket, or the system refused.
 */
export async function listenLocal(path: string, accept: (socket: Socket) => void): Promise<LocalListener> {
  if (process.platform === 'win32') throw new HandfastError('UNSUPPORTED', 'local sockets need a system with Unix sockets');
  const length = Buffer.byteLength(path);
  if (length > LONGEST_PATH)
    throw new HandfastError(
      'BAD_ARGUMENT',
      `${path}: ${length} bytes is too long for a socket, ${LONGEST_PATH} at most: name a shorter path`,
    );
  await checkDirectory(dirname(path));
  let server = await bind(path, accept);
  if (!server) {
    await removeStale(path);
    server = await bind(path, accept);
  }
  if (!server) throw living(path);
  return { path: resolve(path), close: () => new Promise((done) => server.close(() => done())) };
}

/**
 * @throws HF_CONNECT_FAILED when nobody listens there (`cause` is the system's error), HF_BAD_ARGUMENT when the socket belongs to another user, who would read what is sent.
 */
export async function dialLocal(path: string): Promise<Socket> {
  try {
    const { uid } = await stat(path);
    const own = process.getuid?.();
    if (own !== undefined && own !== 0 && uid !== own)
      throw new HandfastError('BAD_ARGUMENT', `${path}: this socket belongs to another user`);
    return await connected(path);
  } catch (cause) {
    if (cause instanceof HandfastError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new HandfastError('CONNECT_FAILED', `${path}: ${REASONS[code ?? ''] ?? message}`, { cause });
  }
}

/** Whoever can write to the directory can put another socket in its place. @throws HF_BAD_ARGUMENT */
async function checkDirectory(path: string): Promise<void> {
  const about = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new HandfastError('BAD_ARGUMENT', `${path}: the directory is not there: make it first`, { cause: error });
  });
  if (!about.isDirectory()) throw new HandfastError('BAD_ARGUMENT', `${path}: it is no directory`);
  if (about.uid !== process.getuid?.()) throw new HandfastError('BAD_ARGUMENT', `${path}: the directory belongs to another user`);
  if ((about.mode & 0o022) !== 0)
    throw new HandfastError('BAD_ARGUMENT', `${path}: others can write to this directory: name one that only you can write to`);
}

/** @returns undefined when something is there. */
function bind(path: string, accept: (socket: Socket) => void): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer(accept);
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EADDRINUSE') resolve(undefined);
      else reject(new HandfastError('LISTEN_FAILED', `${path}: ${REASONS[cause.code ?? ''] ?? cause.message}`, { cause }));
    });
    // The mode must be right from the first moment: whoever connects before a chmod stays connected after it. Binding happens within the call.
    const mask = process.umask(0o177);
    try {
      // Exclusive: a worker of node:cluster would otherwise have its primary bind it, with the primary's umask.
      server.listen({ path, exclusive: true }, () => resolve(server));
    } finally {
      process.umask(mask);
    }
  });
}

/** Moves the socket out of the way before it is removed, and asks it once more there: another node may have replaced it since it was found dead. */
async function removeStale(path: string): Promise<void> {
  const about = await lstat(path);
  if (!about.isSocket()) throw new HandfastError('LISTEN_FAILED', `${path}: something that is no socket is there, and is not overwritten`);
  if (await answers(path)) throw living(path);
  const room = await mkdtemp(join(dirname(path), '.'));
  try {
    const aside = join(room, 's');
    await rename(path, aside).catch((error: NodeJS.ErrnoException) => {
      // Somebody else was faster, and will have it.
      if (error.code !== 'ENOENT') throw error;
    });
    if (!(await answers(aside))) return;
    await rename(aside, path);
    throw living(path);
  } finally {
    await rm(room, { recursive: true, force: true });
  }
}

const living = (path: string): HandfastError => new HandfastError('LISTEN_FAILED', `${path}: a running node listens there already`);

function answers(path: string): Promise<boolean> {
  return connected(path).then(
    (socket) => {
      socket.destroy();
      return true;
    },
    // A full backlog is a sign of life too.
    ({ code }: NodeJS.ErrnoException) => code !== 'ECONNREFUSED' && code !== 'ENOENT',
  );
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = dial(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
  });
}

// sun_path of macOS; Linux has four bytes more.
const LONGEST_PATH = 103;
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'nothing is there',
  ECONNREFUSED: 'nobody listens there any more',
  ENOTSOCK: 'it is no socket',
  EACCES: 'not permitted',
  EROFS: 'the file system is read-only',
};
