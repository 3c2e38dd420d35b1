extension Diagnostic {
  /// The message: one line, lower case, names in backticks.
  package var message: String {
    switch kind {
    case .unreadable(let path, let reason): "can't read `\(path)`: \(reason)"
    case .tooLarge(let path): "can't read `\(path)`: it is larger than 1 GiB"
    case .nulByte: "a NUL byte can't be in a Stackfile"
    case .notUTF8: "this isn't UTF-8"
    case .includeCycle(let paths): "these files include each other: \(Self.chain(paths))"
    case .includeTooDeep(let limit): "includes are nested deeper than \(limit)"
    case .includeMatchesNothing(let glob): "no file matches `\(glob)`"
    case .includeHole: "the path of an include can't hold `{{ }}`: files are read before variables are known"
    case .unknownPack(let name, _): "no pack is called `\(name)`"
    case .expectedOperator(let word): "expected `:` or `=` after `\(word)`"
    case .missingTarget: "expected a target before `:`"
    case .missingName: "expected a name before `=`"
    case .missingWord(let keyword): "expected a name after `\(keyword)`"
    case .invalidCharacter(let character, let word): "`\(character)` can't be in \(word)"
    case .holeInName(let word): "`{{ }}` can't be in \(word)"
    case .notAPath(let name): "`\(name)` isn't a name: it has an empty part, `.` or `..`"
    case .severalPercents(let name): "`\(name)` has more than one `%`"
    case .globInTarget(let name): "`\(name)` can't be a target: only `%` makes a pattern"
    case .percentWithoutPattern(let name): "`%` in `\(name)` stands for nothing: no target of this rule has a `%`"
    case .severalBars: "a rule can have only one `|`"
    case .unsupportedOperator(let text): "`\(text)` isn't an operator here"
    case .badVariableName(let name): "`\(name)` can't be the name of a variable"
    case .orphanIndent: "an indented line must stand below a rule"
    case .poolSyntax: "expected `pool NAME N`"
    case .poolSize(let text): "the size of a pool must be a number from 1 to 10000, not `\(text)`"
    case .duplicatePool(let name, _): "the pool `\(name)` is declared twice"
    case .unclosedHole: "this `{{` is never closed"
    case .emptyHole: "there is no name in this `{{ }}`"
    case .unclosedQuote: "this `\"` is never closed"
    case .unknownName(let name, _): "unknown name `\(name)`"
    case .wordCount(let name, let wanted): "`\(name)` takes \(wanted)"
    case .noPlace(let name, let target): "`\(name)` has no meaning in `\(target)`, which runs on no server of its own"
    case .noStem(let target): "`stem` has no meaning in `\(target)`, which isn't made by a pattern"
    case .notHere(let name, let context): "`\(name)` can't be used in \(context)"
    case .undefinedEnvironment(let name): "the environment has no variable `\(name)`"
    case .needsTarget(let name, let target): "`\(name)` is given by `\(target)`, which no rule declares"
    case .unknownPlace(let name, _): "the layout declares no `\(name)`"
    case .unsetSetting(let name): "`\(name)` isn't set"
    case .builtinName(let name): "`\(name)` is a built-in name"
    case .variableCycle(let names): "these variables need each other: \(Self.chain(names))"
    case .variableTooDeep(let limit): "variables are nested deeper than \(limit)"
    case .valueTooLong(let limit): "this text is longer than \(limit) bytes"
    case .notPlain(let what): "\(what) must be known before anything is built: it can't hold a secret or an output"
    case .secretAndVariable(let name, _): "`\(name)` is both a secret and a variable"
    case .secretOverride(let name): "`\(name)` is a secret: it can't be given on the command line"
    case .overrideName(let name): "`\(name)=…`: `\(name)` can't be the name of a variable"
    case .placeName(let name): "`\(name)` can't be the name of a server"
    case .settingSyntax(let word): "expected `key=value`, not `\(word)`"
    case .unknownSetting(let key, _): "`\(key)` isn't a setting of a server"
    case .settingOfVariant(let key, let variable, let value):
      "`\(key)` is a setting only where `\(variable) = \(value)`"
    case .duplicateSetting(let key): "`\(key)` is set twice"
    case .count(let text, let limit): "`count` must be a number from 0 to \(limit), not `\(text)`"
    case .tooManyPlaces(let limit): "the layout declares more than \(limit) servers"
    case .duplicatePlace(let name, _): "the server `\(name)` is declared twice"
    case .unevenIndentation: "this line is indented less than the first line of the recipe"
    case .missingScript(let word): "expected a script after `\(word)`"
    case .modifierOnTransfer(let modifier, let step): "`\(modifier)` goes with a script, not with `\(step)`"
    case .transferWords(let step): "`\(step)` needs a source and a destination"
    case .extraWord(let word, let step): "`\(step)` takes one source and one destination: what is `\(word)`?"
    case .unknownOption(let key, let step, _): "`\(key)` isn't an option of `\(step)`"
    case .duplicateOption(let key): "`\(key)=` is given twice"
    case .missingOption(let key, let step): "`\(step)` needs `\(key)=`"
    case .emptyValue(let key): "`\(key)` has an empty value"
    case .mode(let text): "`mode` must be octal permission bits such as `0644`, not `\(text)`"
    case .number(let option, let value, let limit):
      "`\(option)` must be a number from \(option == "retries" ? 0 : 1) to \(limit), not `\(value)`"
    case .duration(let option, let value):
      "`\(option)` must be a time such as `500ms`, `30s`, `5m` or `1h`, not `\(value)`"
    case .onNothing: "expected the names of servers after `on`"
    case .sourceMissing(let step, let path): "`\(step)`: there is no `\(path)`"
    case .sourceMatchesNothing(let step, let glob): "`\(step)`: no file matches `\(glob)`"
    case .sourceUnreadable(let step, let path, let reason): "`\(step)`: can't read `\(path)`: \(reason)"
    case .sourceTooMany(let step, let limit): "`\(step)`: there are more than \(limit) files"
    case .unknownPlaceTarget(let target, let block, let place, _): "`\(target)`: the \(block) declares no `\(place)`"
    case .unknownDependency(let target, let name, _): "rule `\(target)` depends on `\(name)`, which no rule makes"
    case .unknownTarget(let name, _): "no rule makes `\(name)`"
    case .matchesNothing(let glob, _): "`\(glob)` matches nothing"
    case .duplicateRecipe(let target, _): "`\(target)` has two recipes, and neither goes before the other"
    case .placeByName(let target, let place): "`\(target)` runs on `\(place)`, as its name says: `on` can't change that"
    case .undefinedPool(let name, _): "no pool is called `\(name)`"
    case .dependencyCycle(let names): "these targets depend on each other: \(Self.chain(names))"
    case .unknownGoal(let name, _): "no target is called `\(name)`"
    }
  }

  /// What to say below: where the other one is, what may have been meant, what to write instead.
  package var notes: [Note] {
    switch kind {
    case .unknownPack(_, let near), .unknownPlace(_, let near), .unknownSetting(_, let near),
      .unknownOption(_, _, let near), .unknownPlaceTarget(_, _, _, let near), .unknownDependency(_, _, let near),
      .unknownTarget(_, let near), .matchesNothing(_, let near), .undefinedPool(_, let near),
      .unknownGoal(_, let near):
      Self.didYouMean(near)
    case .unknownName(let name, let near):
      near.isEmpty && !Byte.isVariableName(name.utf8)
        ? [Note(text: "write `{{{{` where `{{` shall stand in the text")] : Self.didYouMean(near)
    case .unclosedHole: [Note(text: "write `{{{{` where `{{` shall stand in the text")]
    case .duplicateRecipe(_, let other): [Note(text: "the other recipe is here", range: other)]
    case .duplicatePlace(_, let other), .duplicatePool(_, let other):
      [Note(text: "it is declared here, too", range: other)]
    case .secretAndVariable(_, let other): [Note(text: "the other one is here", range: other)]
    case .unsupportedOperator(":="): [Note(text: "write `=`: every value is resolved after all files were read")]
    case .orphanIndent: [Note(text: "variables, includes and other statements begin in the first column")]
    case .globInTarget: [Note(text: "globs are for dependencies and goals")]
    case .placeName: [Note(text: "host names have letters, digits and, inside, `-`")]
    case .unevenIndentation: [Note(text: "steps begin in one column; a deeper line continues the step above")]
    case .includeMatchesNothing: [Note(text: "`include?` allows that")]
    case .secretOverride: [Note(text: "other users of this machine can read command lines")]
    case .dependencyCycle, .variableCycle, .includeCycle: []
    default: []
    }
  }

  private static func chain(_ names: [String]) -> String {
    names.count <= 12
      ? names.joined(separator: " -> ")
      : names.prefix(6).joined(separator: " -> ") + " -> … -> " + names.suffix(5).joined(separator: " -> ")
  }

  private static func didYouMean(_ near: [String]) -> [Note] {
    near.isEmpty ? [] : [Note(text: "did you mean \(near.map { "`\($0)`" }.joined(separator: " or "))?")]
  }
}

extension Diagnostic.Note {
  init(text: String) { self.init(text: text, range: nil) }
}
