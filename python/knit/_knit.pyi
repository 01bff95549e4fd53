"""The library itself (src/python); knit.Knit is what to use. Times are ms since 1970, sizes MiB."""

from typing import Optional

__version__: str

class Resource:
    memory_mib: int
    vcores: int

class ApplicationReport:
    id: str
    cluster_id: int
    name: str
    user: str
    queue: str
    type: str
    tags: list[str]
    state: str
    final_status: str
    ended: bool
    diagnostics: str
    tracking_url: str
    progress: float
    priority: int
    started: Optional[int]
    finished: Optional[int]
    running_containers: int
    used: Resource
    memory_mib_seconds: int
    vcore_seconds: int

class ContainerReport:
    id: str
    is_master: bool
    node: str
    node_http_address: str
    log_url: str
    diagnostics: str
    resource: Resource
    state: str
    exit_status: int
    created: Optional[int]

class InstanceReport:
    instance: int
    state: str
    container: str

class NodeReport:
    id: str
    state: str
    used: Resource
    capacity: Resource

class ContainerLog:
    container: str
    node: str
    file: str
    instance: Optional[int]
    written: int
    bytes: bytes

class FileSpec:
    def __init__(self, source: str, name: str, archive: bool) -> None: ...

class RunSpec:
    command: list[str]
    instances: int
    memory_mib: int
    vcores: int
    files: list[FileSpec]
    environment: list[tuple[str, str]]
    name: str
    queue: str
    staging_dir: str
    def __init__(self) -> None: ...

class Client:
    user: str
    settings: list[tuple[str, str]]
    submitted: list[str]
    def __init__(self, config_directory: str, read_files: bool, properties: list[tuple[str, str]],
                 user: str) -> None: ...
    def submit(self, spec: RunSpec) -> tuple[str, list[str]]: ...
    def report(self, app_id: str) -> ApplicationReport: ...
    def containers(self, app_id: str) -> list[ContainerReport]: ...
    def instances(self, app_id: str) -> list[InstanceReport]: ...
    def nodes(self) -> list[NodeReport]: ...
    def kill(self, app_id: str) -> bool: ...
    def wait(self, app_id: str, timeout: Optional[float]) -> bool: ...
    def scale(self, app_id: str, by: int, remove: list[int]) -> tuple[list[int], list[int]]: ...
    def logs(self, app_id: str) -> tuple[list[ContainerLog], list[str]]: ...
    def resource_manager_page(self, path: str) -> str: ...
