import { resolve } from 'node:path'
import { checkGateway, runGateway } from './run.ts'

/**
 * `fastify-bound-token <file>` and `--check <file>`.
 *
 * @param complain - told what is wrong, in one line
 * @returns the exit code, when the gateway has ended
 */
export async function gatewayCommand (args: readonly string[], print: (text: string) => void, complain: (line: string) => void): Promise<number> {
  const isCheck = args.includes('--check')
  const [file, ...others] = args.filter((arg) => arg !== '--check')
  const wrong = args.find((arg) => arg.startsWith('-') && arg !== '--check') ?? others[0]
  if (wrong !== undefined || file === undefined) {
    complain(`${wrong === undefined ? 'missing file' : `found ${JSON.stringify(wrong)}`}; allowed: <file>, --check <file>, --print-schema, probe <url>..., --help, --version`)
    return 2
  }
  if (!isCheck) return await runGateway(resolve(file), complain)
  const code = await checkGateway(resolve(file), complain)
  if (code === 0) print(`${file} is right`)
  return code
}
