/** The provisioner of StorageClasses whose volumes are folders of a node (engine volumes on Docker, nothing but a name where all is simulated). */
export const localProvisioner = 'coxswain.dev/local';

/** What volumes made by it name as their driver. */
export const localDriver = 'local.coxswain.dev';

/** Keeps a volume until its contents have been removed from its node. */
export const localVolumeFinalizer = 'coxswain.dev/local-volume';

/** Which node a volume made by the local provisioner is on. */
export const localNodeAnnotation = 'coxswain.dev/node';
