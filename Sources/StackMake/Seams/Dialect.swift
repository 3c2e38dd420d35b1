/// What the loader is told of the names that the engine itself doesn't know: which block
/// declares places, which functions `{{ }}` has, which targets exist without being written.
/// A value, so that the engine stays free of servers and clouds.
package struct Dialect: Sendable {
  /// What a word in `{{ word … }}` stands for, beyond what the engine knows
  /// (`target stem group index`, `count GLOB`, `env NAME`, variables, secrets).
  package enum Function: Sendable, Hashable {
    /// The name of the place that the target runs at: `server`, `hostname`.
    case placeName
    /// `hostnames GLOB`: the names of the places that match, separated by a space.
    case placeNames
    /// A setting of the place that the target runs at: `user`.
    case setting(String)
    /// An output of the target `prefix + place`, with its edge: `ip`, `ip NAME`. Without a
    /// name it is the target's own place.
    case output(prefix: String, key: String)
    /// What one target gives for each place, under `key` and the place's name: `overlay_ip`, `overlay_ip NAME`.
    /// Only the value counts: that the target gives another place something else makes nothing stale.
    case shared(target: String, key: String)
    /// `result TARGET`: the last line that the last script of its recipe printed. Only the value counts.
    case result
    /// The same as `output` for every place that matches a glob, joined by a space: `ips GLOB`.
    case outputs(prefix: String, key: String)
    /// `join SEP GLOB`: the same, joined by SEP.
    case joinedOutputs(prefix: String, key: String)
  }

  /// A target that exists wherever there are places, or edges that need not be written.
  package struct Implied: Sendable, Hashable {
    /// `%` stands for each place's name; without it, one target.
    package var target: String
    /// Only where a rule declares the target; false makes it exist by itself.
    package var onlyIfDeclared: Bool
    /// `%` is the place; `*` globs over the targets that exist. Nothing matched is no error.
    package var dependencies: [String]
    package var orderOnly: [String]

    package init(_ target: String, onlyIfDeclared: Bool = false, dependencies: [String] = [], orderOnly: [String] = [])
    {
      self.target = target
      self.onlyIfDeclared = onlyIfDeclared
      self.dependencies = dependencies
      self.orderOnly = orderOnly
    }
  }

  /// What is so only where a variable has some value: `cloud = local` has an image of its own.
  package struct Variant: Sendable, Hashable {
    package var variable: String
    package var value: String
    package var settingDefaults: [String: String]
    /// Settings that only this variant has. They stand on a line of the block and nowhere else: their names are
    /// common ones, and stay free for variables.
    package var settings: [String]

    package init(
      _ variable: String, _ value: String, settingDefaults: [String: String] = [:], settings: [String] = []
    ) {
      self.variable = variable
      self.value = value
      self.settingDefaults = settingDefaults
      self.settings = settings
    }
  }

  /// The rule whose indented lines declare places: `layout`.
  package var block: String
  /// Settings that a line of the block may give; one that isn't given comes from the
  /// variable of that name, then from `settingDefaults`. `count` is the loader's own.
  package var settings: [String]
  /// Settings that are a family: `meta.` allows `meta.KEY`.
  package var settingPrefixes: [String]
  package var settingDefaults: [String: String]
  package var variants: [Variant]
  package var functions: [String: Function]
  package var implied: [Implied]
  /// The kind by the whole name (`layout`), or by what is before the first `/` (`server`)
  /// where the rest is a place. All other targets are of kind `task`.
  package var kindNames: Set<String>
  package var kindPrefixes: Set<String>
  /// The target that stands for the place itself: `server/`. Whatever runs at a place gets an
  /// edge to it.
  package var placePrefix: String
  /// Kinds whose scripts are all `once` where the recipe says none.
  package var onceKinds: Set<String>
  /// Kinds that are built only where they are named: no glob matches their targets, and `all` is without them.
  package var apartKinds: Set<String>
  /// The target whose variables describe what was built: `access`.
  package var described: String?
  /// Variables that are defined by the program where the Stackfile doesn't (`cluster`).
  package var defaults: [String: String]

  package init(
    block: String, settings: [String], settingPrefixes: [String], settingDefaults: [String: String],
    variants: [Variant] = [], functions: [String: Function], implied: [Implied], kindNames: Set<String>,
    kindPrefixes: Set<String>,
    placePrefix: String, onceKinds: Set<String>, apartKinds: Set<String> = [],
    described: String? = nil,
    defaults: [String: String]
  ) {
    self.block = block
    self.settings = settings
    self.settingPrefixes = settingPrefixes
    self.settingDefaults = settingDefaults
    self.variants = variants
    self.functions = functions
    self.implied = implied
    self.kindNames = kindNames
    self.kindPrefixes = kindPrefixes
    self.placePrefix = placePrefix
    self.onceKinds = onceKinds
    self.apartKinds = apartKinds
    self.described = described
    self.defaults = defaults
  }
}
