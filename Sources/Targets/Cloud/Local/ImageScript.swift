import SystemPackage

/// The script that builds one base image. It runs by itself, so that a build goes on when stackmake ends; builds
/// beside the image's place, and renames what is complete.
enum ImageScript {
  /// `files` is a directory that is copied over the new system. Exit status and last words go to `status`.
  static func text(_ recipe: ImageRecipe, _ place: ImagePlace) -> String {
    let sources = recipe.sources.map(\.shellWord).joined(separator: " ")
    let options =
      ImageRecipe.excludedPaths.map { "--dpkgopt=path-exclude=\($0)".shellWord }
      + ["--include=\(ImageRecipe.packages.joined(separator: ","))"]
    return """
      #!/bin/bash
      # Builds the base image \(recipe.id) for stackmake. Started by it; safe to kill and to run again.
      set -u
      umask 022
      cd \(place.cache.string.shellWord) || exit 1
      exec </dev/null >>\(place.log.string.shellWord) 2>&1
      exec 9>\(place.lock.string.shellWord)
      flock --nonblock 9 || exit 0
      : >\(place.log.string.shellWord)
      end() { echo "$1" >\(place.status.string.shellWord); exit 1; }
      [ -e \(place.base.string.shellWord) ] && exit 0
      new=\(place.temporary.string.shellWord)
      rm -rf --one-file-system "$new" || end "can't remove $new"
      unshare --mount --propagation private setpriv --pdeathsig KILL \\
        mmdebstrap --mode=root --variant=important --format=directory \\
        --aptopt=\("\(place.files)/etc/apt/apt.conf.d/90stackmake".shellWord) \\
        \(options.joined(separator: " \\\n  ")) \\
        \(recipe.suite) "$new" \(sources) 9>&- || end "mmdebstrap ended with status $?"
      cp -r --no-preserve=ownership \(place.files.string.shellWord)/. "$new/" || end "can't copy the host's settings"
      chroot "$new" update-ca-certificates 9>&- || end "update-ca-certificates ended with status $?"
      rm -f "$new"/etc/ssh/ssh_host_* "$new"/etc/hostname "$new"/var/lib/dbus/machine-id "$new"/etc/apt/apt.conf.d/99mmdebstrap
      : >"$new"/etc/machine-id
      for unit in \(ImageRecipe.maskedUnits.joined(separator: " ")); do
        ln -sf /dev/null "$new/etc/systemd/system/$unit"
      done
      cp \(place.manifest.string.shellWord) "$new.json" && sync -f "$new" || end "can't write the image to the disk"
      mv "$new.json" \("\(place.base).json".shellWord) && mv "$new" \(place.base.string.shellWord) || end "can't rename $new"
      rm -rf \(place.files.string.shellWord) \(place.manifest.string.shellWord) \(place.status.string.shellWord)
      """
  }
}

/// Where an image and what belongs to it are, in the cache.
struct ImagePlace: Sendable, Hashable {
  let cache: FilePath
  /// The image's id, and what tells it from one made with other settings of the host.
  let name: String

  init(cache: FilePath, recipe: ImageRecipe, surroundings: HostSurroundings) {
    self.cache = cache
    name = "\(recipe.id)-\(MachineRecord.short(recipe.checksum, "\(surroundings.fingerprint)"))"
  }

  /// The image. Never written to once it has this name.
  var base: FilePath { cache.appending(name) }
  /// All below are hidden, and gone when the image is there (but for lock and log).
  var temporary: FilePath { cache.appending(".new-\(name)") }
  var files: FilePath { cache.appending(".files-\(name)") }
  var manifest: FilePath { cache.appending(".manifest-\(name)") }
  var script: FilePath { cache.appending(".build-\(name)") }
  var lock: FilePath { cache.appending(".lock-\(name)") }
  /// Held by whoever starts the builder, until that has its own lock.
  var launching: FilePath { cache.appending(".launching-\(name)") }
  var log: FilePath { cache.appending(".log-\(name)") }
  var status: FilePath { cache.appending(".status-\(name)") }
}
