import { Histogram, Registry } from '@prometheus-io/client'
import t from 'tap'
import { boundHistogram } from '../../src/telemetry/bound-histogram.ts'

const values = [0, 0.0005, 0.001, 0.0011, 0.25, 0.3, 1, 1.0001, 30, 31, 1e9]

const written = async (observe: (histogram: Histogram<'route'>) => void): Promise<string> => {
  const registry = new Registry()
  observe(new Histogram({ name: 'seconds', help: 'h', labelNames: ['route'], buckets: [0.001, 0.25, 1, 30], registers: [registry] }))
  return await registry.metrics()
}

t.test('a bound child writes to the letter what the package writes of the same values', async (t) => {
  const own = await written((histogram) => { for (const value of values) histogram.observe({ route: '/a' }, value) })
  const bound = await written((histogram) => {
    const child = boundHistogram(histogram, { route: '/a' })
    for (const value of values) child.observe(value)
  })
  t.equal(bound, own)
  t.match(own, 'seconds_bucket{le="0.001",route="/a"} 3')
})

t.test('children of several labels, and the package beside them, count into one histogram', async (t) => {
  const text = await written((histogram) => {
    for (const route of ['/a', '/b', '/a']) boundHistogram(histogram, { route }).observe(0.5)
    histogram.observe({ route: '/b' }, 2)
  })
  t.match(text, 'seconds_count{route="/a"} 2')
  t.match(text, 'seconds_bucket{le="1",route="/b"} 1')
  t.match(text, 'seconds_count{route="/b"} 2')
})

t.test('where the package keeps its values otherwise, they are counted all the same', async (t) => {
  for (const store of [undefined, null, {}, { entry: () => undefined }, { entry: () => ({}) }]) {
    const seen: unknown[] = []
    const other = { zero () {}, observe: (...observed: unknown[]) => { seen.push(observed) }, store }
    boundHistogram(other as never, { route: '/a' }).observe(1)
    t.strictSame(seen, [[{ route: '/a' }, 1]])
  }
})
