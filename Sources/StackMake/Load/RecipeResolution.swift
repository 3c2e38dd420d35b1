/// Steps of one target as they are resolved.
struct RecipeResolution {
  /// Places of the target's `on` variable, where there are several.
  let on: [PlaceID]?
  private(set) var steps: [Step] = []
  /// Targets whose outputs or places the steps need.
  private(set) var edges: [TargetID] = []

  init(on: [PlaceID]?) {
    self.on = on
  }

  mutating func append(_ step: Step) {
    steps.append(step)
    for text in step.templates { need(text) }
  }

  mutating func need(_ target: TargetID) { edges.append(target) }

  private mutating func need(_ text: Template) {
    for part in text.parts {
      if case .output(let target, _) = part { edges.append(target) }
    }
  }

  /// The steps; where the kind wants it and none is `once`, all scripts are.
  consuming func finish(isOnceKind: Bool) -> [Step] {
    if isOnceKind, !steps.contains(where: \.isOnce) {
      for i in steps.indices {
        if case .script = steps[i].body { steps[i].isOnce = true }
      }
    }
    return steps
  }
}

extension StepSyntax {
  /// A script that is the same for every target.
  var isPlainScript: Bool {
    if case .script(let text) = body { text.plain != nil && retry == nil && on.isEmpty } else { false }
  }
}
