# shellcheck shell=bash
# The main job, for somebody who has just cloned this.

dev_run() {
  need_packages "${BUILD_PACKAGES[@]}" "${HADOOP_PACKAGES[@]}"
  build_preset release
  echo "dev: starting a Hadoop of one machine (NameNode, DataNode, ResourceManager, NodeManagers) on loopback"
  PYTHONPATH=tests "$PYTHON" -m hadoop.demo build/release/bin/knit "$@"
}
