/**
 * The public API of each entry as a committed text, `docs/api/<entry>.api.md`: what changes there is the review.
 *
 *     npm run api                      # write the reports (needs `npm run build`)
 *     npx tsx scripts/api-report.ts    # fail where they differ
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel, type ExtractorMessage } from '@microsoft/api-extractor';
import { entryPoints, outputName } from './entry-points.ts';

const root = join(import.meta.dirname, '..');
const reportFolder = join(root, 'docs/api');
const reportTempFolder = join(root, '.tmp/api');
const write = process.argv.includes('--write');

function configOf(entry: string): ExtractorConfig {
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, 'dist', `${entry}.d.ts`),
      compiler: { tsconfigFilePath: join(root, 'tsconfig.json'), skipLibCheck: true },
      apiReport: {
        enabled: true,
        reportFileName: entry.replaceAll('/', '-'),
        reportFolder,
        reportTempFolder,
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Warning } },
        extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
  });
}

/** Keeps the tool's own chatter out; what counts is said by `main`. */
function quiet(message: ExtractorMessage): void {
  if (message.logLevel !== ExtractorLogLevel.Error) message.handled = true;
}

function main(): number {
  mkdirSync(reportFolder, { recursive: true });
  mkdirSync(reportTempFolder, { recursive: true });
  const changed: string[] = [];
  for (const subpath of Object.keys(entryPoints)) {
    const result = Extractor.invoke(configOf(outputName(subpath)), { localBuild: write, messageCallback: quiet });
    if (result.apiReportChanged) changed.push(subpath);
    if (result.errorCount > 0) return 1;
  }
  if (changed.length > 0) console.log(`${write ? 'written' : 'the public API differs from docs/api'}: ${changed.join(', ')}`);
  if (changed.length === 0 || write) return 0;
  console.log('if that is meant: npm run build && npm run api, and commit docs/api');
  return 1;
}

process.exitCode = main();
