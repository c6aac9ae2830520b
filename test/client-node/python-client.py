"""What Debian's python3-kubernetes does with a served cluster: the kubeconfig is the first argument."""

import sys

from kubernetes import client, config, watch
from kubernetes.stream import stream

config.load_kube_config(sys.argv[1])
core = client.CoreV1Api()

made = core.create_namespaced_config_map("default", client.V1ConfigMap(metadata={"name": "python"}, data={"n": "1"}))
core.patch_namespaced_config_map("python", "default", {"data": {"n": "2"}})
core.delete_namespaced_config_map("python", "default")
since = made.metadata.resource_version
for event in watch.Watch().stream(core.list_namespaced_config_map, "default", resource_version=since, timeout_seconds=20):
    print("watch", event["type"], event["object"].data["n"])
    if event["type"] == "DELETED":
        break

try:
    core.read_namespaced_config_map("python", "default")
except client.ApiException as error:
    print("status", error.status, error.reason)

command = ["sh", "-c", "echo out; exit 4"]
session = stream(core.connect_get_namespaced_pod_exec, "web", "default", command=command, stdout=True, stderr=True, stdin=False, tty=False, _preload_content=False)
session.run_forever(timeout=20)
print("exec", session.read_stdout().strip(), session.returncode)
print("log", core.read_namespaced_pod_log("web", "default", limit_bytes=10))
