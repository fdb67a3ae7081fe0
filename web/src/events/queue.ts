/**
 * Where events wait: a store in IndexedDB that all tabs share, in the order in which they happened. Where IndexedDB is
 * not to be had (some private windows), localStorage does the same.
 */

import type { FeedEvent } from '../api'

export interface Queue {
  /** Resolves once they are on the device. An event that is there already is replaced. */
  add(events: readonly FeedEvent[]): Promise<void>
  /** The oldest. */
  first(count: number): Promise<FeedEvent[]>
  remove(ids: readonly string[]): Promise<void>
}

const NAME = 'foryou'
const STORE = 'events'
const KEY = 'foryou.outbox'

export async function openQueue(): Promise<Queue> {
  try {
    return inDatabase(await database())
  } catch {
    return inStorage()
  }
}

function database(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1)
    asked.onupgradeneeded = () => {
      const store = asked.result.createObjectStore(STORE, { keyPath: 'id' })
      store.createIndex('at', 'at')
    }
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error ?? new Error('no database'))
    asked.onblocked = () => reject(new Error('an older page holds the database'))
  })
}

function inDatabase(opened: IDBDatabase): Queue {
  function work(act: (store: IDBObjectStore) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const transaction = opened.transaction(STORE, 'readwrite', { durability: 'strict' })
      act(transaction.objectStore(STORE))
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error ?? new Error('not kept'))
    })
  }
  return {
    // A transaction is written to the disk even if nothing was put.
    add: async (events) => {
      if (events.length) await work((store) => events.forEach((event) => store.put(event)))
    },
    remove: (ids) => work((store) => ids.forEach((id) => store.delete(id))),
    first: (count) =>
      new Promise((resolve, reject) => {
        const asked = opened.transaction(STORE).objectStore(STORE).index('at').getAll(null, count)
        asked.onsuccess = () => resolve(asked.result as FeedEvent[])
        asked.onerror = () => reject(asked.error ?? new Error('not read'))
      }),
  }
}

function inStorage(): Queue {
  let memory: FeedEvent[] = []
  const read = (): FeedEvent[] => {
    try {
      return JSON.parse(localStorage.getItem(KEY) ?? '[]') as FeedEvent[]
    } catch {
      return memory
    }
  }
  const write = (events: FeedEvent[]): void => {
    memory = events
    try {
      localStorage.setItem(KEY, JSON.stringify(events))
    } catch {
      // Storage is full or forbidden: this page's memory is all there is.
    }
  }
  return {
    async add(events) {
      const ids = new Set(events.map(({ id }) => id))
      write([...read().filter(({ id }) => !ids.has(id)), ...events])
    },
    first: async (count) => read().slice(0, count),
    async remove(ids) {
      const gone = new Set(ids)
      write(read().filter(({ id }) => !gone.has(id)))
    },
  }
}
