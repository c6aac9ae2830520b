/** What `/version` says: the Kubernetes version whose behaviour is followed. */
export function versionInfo(): object {
  return {
    major: '1',
    minor: '33',
    gitVersion: 'v1.33.0+coxswain',
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    // Go's name of the architecture.
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}
