import { svelte } from '@sveltejs/vite-plugin-svelte'
import { createHash } from 'node:crypto'
import { defineConfig, type Plugin } from 'vite'

const engine = process.env.FORYOU_URL ?? 'http://127.0.0.1:8080'

/** Tells the service worker which files the app is made of; their names change with what is in them, so they are its version. */
function shell(): Plugin {
  return {
    name: 'shell',
    enforce: 'post',
    generateBundle(_, bundle) {
      const worker = Object.values(bundle).find(({ fileName }) => fileName === 'worker.js')
      if (worker?.type !== 'chunk') throw new Error('the service worker was not built')
      const files = Object.keys(bundle)
        .filter((name) => name.startsWith('assets/'))
        .sort()
        .map((name) => `/${name}`)
      const version = createHash('sha256').update(files.join()).digest('hex').slice(0, 12)
      worker.code = worker.code
        .replaceAll('__SHELL__', JSON.stringify([...files, '/favicon.svg', '/manifest.webmanifest']))
        .replaceAll('__VERSION__', JSON.stringify(version))
    },
  }
}

export default defineConfig({
  plugins: [svelte(), shell()],
  build: {
    outDir: '../foryou/api/static',
    emptyOutDir: true,
    target: 'es2022',
    rollupOptions: {
      input: { index: 'index.html', worker: 'src/worker/worker.ts' },
      output: {
        entryFileNames: ({ name }) => (name === 'worker' ? 'worker.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: { proxy: { '/v1': engine, '/media': engine } },
})
