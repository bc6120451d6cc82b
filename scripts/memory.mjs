// How much memory an isolate takes, asked through workerd's inspector while the Worker works.
//
// Counted is what Cloudflare limits, and only what is in this isolate: V8's heap as it is reserved, what lies behind array
// buffers outside of it, and the linear memory of the wasm, which only ever grows. Not counted is what the rest of the
// process takes: R2, D1 and the queues are Workers of miniflare in the same workerd, each in an isolate of its own.
// https://developers.cloudflare.com/workers/platform/limits/#memory

import { Stop } from './common.mjs';

/** How often it is asked: a chunk of a file takes several times as long. */
const EVERY_MS = 5;

/** Watches a Worker's isolate from now on. `read()` answers with what was seen so far, in bytes. */
export async function watchMemory(inspector, name) {
  const session = await open(new URL(`/core:user:${name}`, inspector));
  const seen = { peak: 0, heap: 0, buffers: 0, wasm: 0, samples: 0, instances: 0 };
  let memories;
  const sample = async () => {
    const { totalSize, embedderHeapUsedSize = 0, backingStorageSize } = await session.call('Runtime.getHeapUsage');
    if (backingStorageSize === undefined) throw new Stop('This workerd does not say what lies behind array buffers.');
    const wasm = memories ? sum(await session.sizes(memories)) : 0;
    const heap = totalSize + embedderHeapUsedSize;
    seen.peak = Math.max(seen.peak, heap + backingStorageSize + wasm);
    seen.heap = Math.max(seen.heap, heap);
    seen.buffers = Math.max(seen.buffers, backingStorageSize);
    seen.wasm = Math.max(seen.wasm, wasm);
    seen.samples += 1;
  };
  let failure;
  let timer;
  const again = () => {
    timer = setTimeout(() => sample().then(again, (error) => (failure = error)), EVERY_MS);
  };
  again();
  return {
    /** The first call looks for the wasm's memory, which is not there before the first request. */
    async read({ since = false } = {}) {
      if (failure) throw failure;
      memories = await session.find('WebAssembly.Memory.prototype');
      await sample();
      const { length } = await session.sizes(memories);
      const now = { ...seen, instances: length };
      // What comes now is measured anew.
      if (since) Object.assign(seen, { peak: 0, heap: 0, buffers: 0, wasm: 0, samples: 0 });
      return now;
    },
    stop() {
      clearTimeout(timer);
      session.close();
    },
  };
}

const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

/** A session of the inspector's protocol: https://chromedevtools.github.io/devtools-protocol/v8/Runtime/ */
async function open(url) {
  const socket = new WebSocket(url);
  const waiting = new Map();
  let context;
  socket.onmessage = ({ data }) => {
    const { id, method, params, result, error } = JSON.parse(data);
    if (method === 'Runtime.executionContextCreated') context = params.context.id;
    if (!waiting.has(id)) return;
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Stop(`workerd's inspector: ${error.message}`));
    else resolve(result);
  };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Stop(`workerd's inspector does not answer at ${url}.`));
  });
  let last = 0;
  const call = (method, params = {}) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params }));
    });
  await call('Runtime.enable');
  return {
    call,
    /** Every object of a kind that is alive, as a handle on their list. It collects the garbage first. */
    async find(prototype) {
      const { result } = await call('Runtime.evaluate', { expression: prototype, contextId: context });
      const { objects } = await call('Runtime.queryObjects', { prototypeObjectId: result.objectId });
      return objects.objectId;
    },
    async sizes(memories) {
      const functionDeclaration = 'function () { return this.map((memory) => memory.buffer.byteLength); }';
      const { result } = await call('Runtime.callFunctionOn', { objectId: memories, functionDeclaration, returnByValue: true });
      return result.value;
    },
    close: () => socket.close(),
  };
}
