import { svelte } from '@sveltejs/vite-plugin-svelte'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const engine = process.env.FORYOU_URL ?? 'http://127.0.0.1:8080'

const SHARED =
  /node_modules\/|src\/((messages\/say|settings|viewer|router|toasts)\.svelte|messages\/table|watch\/topics)/

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

/** Has `first.ts` run as soon as it is there, before the rest of the script has come. */
function first(): Plugin {
  return {
    name: 'first',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        const chunk = Object.values(bundle ?? {}).find(
          (each) => each.type === 'chunk' && each.name === 'first',
        )
        if (!chunk) return html // in development it is one of the modules of the page
        const src = `/${chunk.fileName}`
        const tag = `<script type="module" async fetchpriority="high" crossorigin src="${src}"></script>`
        return html.replace('<script', `${tag}\n    <script`)
      },
    },
  }
}

/** Lays beside each of the app's files what it is compressed, for the server to send (`foryou/api/unchanging.py`). */
function compressed(): Plugin {
  return {
    name: 'compressed',
    writeBundle({ dir = '' }, bundle) {
      for (const each of Object.values(bundle)) {
        if (!/^assets\/.*\.(js|css)$/.test(each.fileName)) continue
        const content = each.type === 'chunk' ? each.code : each.source
        writeFileSync(join(dir, `${each.fileName}.br`), brotliCompressSync(content))
        writeFileSync(join(dir, `${each.fileName}.gz`), gzipSync(content, { level: 9 }))
      }
    },
  }
}

export default defineConfig({
  plugins: [svelte(), shell(), first(), compressed()],
  build: {
    outDir: '../foryou/api/static',
    emptyOutDir: true,
    target: 'es2022',
    rolldownOptions: {
      input: { first: 'src/first.ts', index: 'index.html', worker: 'src/worker/worker.ts' },
      output: {
        entryFileNames: ({ name }) => (name === 'worker' ? 'worker.js' : 'assets/[name]-[hash].js'),
        // What all pages share is one file: each more is a request before anything is shown.
        codeSplitting: {
          groups: [{ name: 'shared', test: SHARED, includeDependenciesRecursively: false }],
        },
      },
    },
  },
  server: { proxy: { '/v1': engine, '/media': engine } },
})
