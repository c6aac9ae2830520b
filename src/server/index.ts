export { serve } from './serve.ts';
export type { ServedCluster } from './serve.ts';
export type { AuthOptions, ServeOptions, ServerHandle } from './serve-options.ts';
export type { Authenticator } from './auth/authenticator.ts';
export type { AllowedRule, AuthorizationRequest, Authorizer, Decision } from './auth/authorizer.ts';
export type { ServerLimits } from './connection-guard.ts';
export type { HostRisk } from './host-risks.ts';
export type { Kubeconfig, KubeconfigUser } from './kubeconfig.ts';
export { CertificateAuthority } from './tls/certificate-authority.ts';
export type { CertificateSubject, CertifiedKey } from './tls/certificate-authority.ts';

// what the public types refer to
export type { EncodedSchemaTable } from '../api/schema.ts';
export { SchemaTable } from '../api/schema.ts';
export type { ClusterKeys, ClusterKeysParts } from './auth/cluster-keys.ts';
export type { ServiceAccountTokens } from './auth/service-account-tokens.ts';
export type { ModelSchema } from '../api/schema.ts';
export type { ReviewedToken } from './auth/service-account-tokens.ts';
export type { TokenOrder } from './auth/service-account-tokens.ts';
export type { FieldSchema } from '../api/schema.ts';
export type { BoundObject } from './auth/service-account-tokens.ts';
export type { ScalarType } from '../api/schema.ts';
export type { UsageSource } from './resource-metrics.ts';
export type { Measurement, PodUsage } from '../kinds/horizontal-pod-autoscaler/hpa-measurements.ts';
