import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

const engine = process.env.FORYOU_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [svelte()],
  build: { outDir: '../foryou/api/static', emptyOutDir: true, target: 'es2022' },
  server: { proxy: { '/v1': engine } },
})
