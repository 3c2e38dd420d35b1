import SystemPackage

/// Texts of shell that move a machine's disk into a snapshot and back without copying what is in its files. A disk is the
/// base image, then the layers in `lower` (001 is the lowest), which nobody writes to, then `upper`. What a snapshot and
/// machines have in common are hard links to the same files, so that each can be deleted without the others.
enum DiskLayers {
  /// An overlay takes 500, and its options have to fit into 4096 bytes.
  static let limit = 100

  /// What makes a machine itself, in each layer of a snapshot: host keys, and what cloud-init did.
  private static let own = "var/lib/cloud etc/ssh/ssh_host_*"

  /// In the directory of a generation that doesn't run: what was written until now becomes its last layer, which the
  /// snapshot gets, too. Cut off anywhere, the disk is what it was, and the same again goes on.
  static func snapshot(of generation: GenerationFiles, to new: FilePath) -> String {
    """
    cd \(generation.directory.string.shellWord)
    mkdir -p lower
    layers=(lower/*/)
    if [ -d upper ] && { [ ! -d "${layers[0]}" ] || [ -n "$(ls -A upper)" ]; }; then
      [ -d "${layers[0]}" ] || layers=()
      if [ ${#layers[@]} -ge \(limit) ]; then
        echo "it has \(limit) layers of earlier snapshots: give it a fresh disk (stackmake clean)" >&2
        exit 1
      fi
      mv -T upper "lower/$(printf %03d $((${#layers[@]} + 1)))"
    fi
    mkdir -p -m 0755 upper
    layers=(lower/*/)
    to=\(new.string.shellWord)
    mkdir -p "$to/lower"
    for layer in "${layers[@]}"; do cp -al -- "${layer%/}" "$to/lower/"; done
    mv -T "$to/${layers[-1]%/}" "$to/upper"
    for layer in "$to/upper" "$to"/lower/*/; do
      if [ -d "$layer" ]; then (cd "$layer" && rm -rf --one-file-system -- \(own)); fi
    done
    sync -f .
    """
  }

  /// The layers of a new generation, as the snapshot has them.
  static func restore(_ snapshot: FilePath, to generation: GenerationFiles) -> String {
    """
    cd \(generation.directory.string.shellWord)
    mkdir lower
    from=\(snapshot.string.shellWord)
    count=0
    for layer in "$from"/lower/*/ "$from/upper"; do
      [ -d "$layer" ] || continue
      count=$((count + 1))
      cp -al -- "${layer%/}" "lower/$(printf %03d $count)"
    done
    """
  }

  /// Sets `lower`, in the directory of a generation: its layers as overlay's option takes them, the highest first, each
  /// with a colon behind it. Relative, since what is above may have a colon in its name.
  static let option = """
    lower=
    for layer in lower/*/; do
      if [ -d "$layer" ]; then lower=${layer%/}:$lower; fi
    done
    mkdir -p -m 0755 upper
    """
}
