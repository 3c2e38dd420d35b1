/// Checks of variables as a whole, and those values that the graph carries.
extension Loading {
  /// Names that mean something else.
  mutating func checkVariableNames() {
    for variable in variables.all {
      let ranges = [variable.override, variable.set, variable.suggested].compactMap { $0 } + variable.appended
      if isFunction(variable.name) {
        for definition in ranges { report(.builtinName(variable.name), definition.name) }
      } else if let secret = secretRanges[variable.name], let range = variable.range {
        report(.secretAndVariable(variable.name, other: secret), range)
      }
    }
    for name in secrets where isFunction(name) { report(.builtinName(name), secretRanges[name]) }
    for variable in targetVariables {
      let assignment = trees[Int(variable.file)].targetVariables[Int(variable.index)].assignment
      let range = trees[Int(variable.file)].range(assignment.name)
      let name = sources.text(range)
      if isFunction(name) { report(.builtinName(name), range) }
      if let secret = secretRanges[name] { report(.secretAndVariable(name, other: secret), range) }
    }
  }

  /// Resolves all of them, for their errors; keeps those that are plain text.
  mutating func resolveVariables() {
    for number in variables.all.indices {
      var scope = Scope(.check)
      let value = value(ofGlobal: number, variables[number].range, &scope)
      if !scope.dependsOnTarget, let literal = value?.literal {
        builder.variables[variables[number].name] = literal
      }
    }
  }

  mutating func readPools() {
    for tree in trees {
      for pool in tree.pools {
        let range = tree.range(pool.name)
        let name = sources.text(range)
        if let known = pools[name] {
          report(.duplicatePool(name, other: known.range), range)
          continue
        }
        var scope = Scope(.settled("the size of a pool"))
        let value = StepSyntax.Value(text: read(tree.range(pool.size), .value), range: tree.range(pool.size))
        // Known by its name even where its size is wrong.
        pools[name] = (1, range)
        guard let text = literal(value, "the size of a pool", &scope) else { continue }
        if let size = Numbers.integer(text), (1...10_000).contains(size) {
          pools[name] = (size, range)
        } else {
          report(.poolSize(text), value.range)
        }
      }
    }
  }
}
