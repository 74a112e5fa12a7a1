export const usage = `usage: fastify-bound-token <file>
       fastify-bound-token --check <file>
       fastify-bound-token --print-schema
       fastify-bound-token probe <url>... (fastify-bound-token probe --help)
       fastify-bound-token --help | --version

Runs the gateway that a file declares: .json or .jsonc (with comments), .yaml or .yml. Paths in it are relative to it.

  --check         read all that the gateway would be started with, and start nothing
  --print-schema  the JSON Schema of the file, for editors

SIGHUP reads the file again; SIGTERM and SIGINT end when all requests are answered, a second one at once.
Exit code 0: ended as told; 1: could not listen, died, or cut answers off; 2: the configuration is wrong.`
