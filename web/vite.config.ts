import { svelte } from '@sveltejs/vite-plugin-svelte'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const engine = process.env.FORYOU_URL ?? 'http://127.0.0.1:8080'

const SHARED =
  /node_modules\/|src\/((messages\/say|settings|viewer|router|toasts)\.svelte|messages\/table|watch\/topics)|features\/anything/

/** What Why and the pages of one's own have in common. */
const STEERING = /src\/(mine\/(steer|names|how|Evidence|known)|parts\/Switch)/

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

/** Tells the server which files each page takes besides those of the app, so that it says so with the app itself. */
function ahead(): Plugin {
  return {
    name: 'ahead',
    enforce: 'post',
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((each) => each.type === 'chunk')
      const of = (names: readonly string[]) => chunks.filter(({ fileName }) => names.includes(fileName))
      const withAll = (chunk: (typeof chunks)[number]): typeof chunks => [
        chunk,
        ...of(chunk.imports).flatMap(withAll),
      ]
      const app = new Set(chunks.filter(({ isEntry }) => isEntry).flatMap(withAll))
      const pages = chunks.flatMap((chunk) => {
        const page = /\/pages\/(\w+)\.svelte$/.exec(chunk.facadeModuleId ?? '')?.[1]
        if (!page || app.has(chunk)) return []
        const more = [...new Set(withAll(chunk))].filter((each) => !app.has(each))
        const styles = more.flatMap((each) => [...(each.viteMetadata?.importedCss ?? [])])
        return [[page, [...more.map(({ fileName }) => fileName), ...styles].map((name) => `/${name}`)]]
      })
      this.emitFile({
        type: 'asset',
        fileName: 'pages.json',
        source: JSON.stringify(Object.fromEntries(pages)),
      })
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
  plugins: [svelte(), shell(), first(), ahead(), compressed()],
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
          groups: [
            { name: 'shared', test: SHARED, includeDependenciesRecursively: false },
            { name: 'steering', test: STEERING, includeDependenciesRecursively: false },
          ],
        },
      },
    },
  },
  // What page and engine both know lies in the engine's package.
  server: { proxy: { '/v1': engine, '/media': engine }, fs: { allow: ['.', '../foryou/features'] } },
})
