/** Loaded before the program (`node --import`): its clock runs ahead by as many milliseconds as the test last sent. */
let aheadMs = 0
const systemNow = Date.now.bind(Date)
Date.now = () => systemNow() + aheadMs

process.on('message', (message: { readonly aheadMs: number }) => {
  aheadMs = message.aheadMs
  process.send?.('moved')
})
process.channel?.unref() // the program ends by itself all the same
