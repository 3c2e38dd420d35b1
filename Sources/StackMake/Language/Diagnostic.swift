/// Something wrong in a Stackfile, or in a word of the command line: what, and where.
///
/// The text is made in `DiagnosticMessage.swift`, the picture by `DiagnosticRenderer`.
package struct Diagnostic: Error, Hashable, Sendable {
  package var kind: Kind
  /// nil where it has no place in a file.
  package var range: SourceRange?

  package init(_ kind: Kind, at range: SourceRange? = nil) {
    self.kind = kind
    self.range = range
  }

  /// Every way in which a Stackfile can be wrong. `near` are the nearest names, best first.
  package enum Kind: Hashable, Sendable {
    // Files
    case unreadable(path: String, reason: String)
    case tooLarge(path: String)
    case nulByte
    case notUTF8
    case includeCycle(paths: [String])
    case includeTooDeep(limit: Int)
    case includeMatchesNothing(String)
    case includeHole
    case unknownPack(String, near: [String])

    // Statements
    case expectedOperator(after: String)
    case missingTarget
    case missingName
    case missingWord(after: String)
    case invalidCharacter(String, word: String)
    case holeInName(String)
    case notAPath(String)
    case severalPercents(String)
    case globInTarget(String)
    case percentWithoutPattern(String)
    case severalBars
    case unsupportedOperator(String)
    case badVariableName(String)
    case orphanIndent
    case poolSyntax
    case poolSize(String)
    case duplicatePool(String, other: SourceRange)

    // Texts with `{{ }}`
    case unclosedHole
    case emptyHole
    case unclosedQuote
    case unknownName(String, near: [String])
    case wordCount(name: String, wanted: String)
    case noPlace(name: String, target: String)
    case noStem(target: String)
    case notHere(name: String, context: String)
    case undefinedEnvironment(String)
    case unknownPlace(String, near: [String])
    /// A function whose value another target gives, which isn't declared.
    case needsTarget(name: String, target: String)
    case unsetSetting(String)
    case builtinName(String)
    case variableCycle([String])
    case variableTooDeep(limit: Int)
    case valueTooLong(limit: Int)
    case notPlain(what: String)

    // Variables of the whole
    case secretAndVariable(String, other: SourceRange)
    case secretOverride(String)
    case overrideName(String)

    // The layout
    case placeName(String)
    case settingSyntax(String)
    case unknownSetting(String, near: [String])
    case settingOfVariant(String, variable: String, value: String)
    case duplicateSetting(String)
    case count(String, limit: Int)
    case tooManyPlaces(limit: Int)
    case duplicatePlace(String, other: SourceRange)

    // Recipes
    case unevenIndentation
    case missingScript(after: String)
    case modifierOnTransfer(modifier: String, step: String)
    case transferWords(step: String)
    case extraWord(String, step: String)
    case unknownOption(String, of: String, near: [String])
    case duplicateOption(String)
    case missingOption(String, of: String)
    case emptyValue(String)
    case mode(String)
    case number(option: String, value: String, limit: Int)
    case duration(option: String, value: String)
    case onNothing
    case sourceMissing(step: String, path: String)
    case sourceMatchesNothing(step: String, glob: String)
    case sourceUnreadable(step: String, path: String, reason: String)
    case sourceTooMany(step: String, limit: Int)

    // Targets
    case unknownPlaceTarget(target: String, block: String, place: String, near: [String])
    case unknownDependency(target: String, name: String, near: [String])
    case unknownTarget(String, near: [String])
    case matchesNothing(String, near: [String])
    case duplicateRecipe(target: String, other: SourceRange)
    case placeByName(target: String, place: String)
    case undefinedPool(String, near: [String])
    case dependencyCycle([String])

    // Goals
    case unknownGoal(String, near: [String])
  }

  /// Something to say below the message, at a place of its own or at none.
  package struct Note: Hashable, Sendable {
    package var text: String
    package var range: SourceRange?
  }
}
