package import StackMake

extension Graph {
  /// What each server of the layout asks for of the cloud, by name.
  package var machineWants: [MachineWant] { places.map { machineWant($0) } }

  package func machineWant(_ place: Place) -> MachineWant {
    var want = MachineWant(place)
    want.keyPair = variables["key_pair"]
    want.overlayPort = overlayPort
    return want
  }

  /// The UDP port of the overlay: the variable `overlay_port`, which `overlay-net` says the rest of. Nil without one.
  private var overlayPort: Int? {
    guard target(named: "overlay-net") != nil else { return nil }
    return variables["overlay_port"].map { Int($0) } ?? OverlaySettings.standardPort
  }
}

extension MachineWant {
  package init(_ place: Place) {
    self.init(
      name: place.name, image: place.settings["image"] ?? "", flavor: place.settings["flavor"] ?? "",
      zone: place.settings["zone"], network: place.settings["network"],
      securityGroups: place.settings["security-group"]?.split(separator: ",").map(String.init),
      volume: place.settings["volume"], floating: place.settings["floating"],
      spread: place.settings["spread"].map { Spread(group: place.group, policy: $0) })
  }
}

extension StepError {
  /// A failure of the cloud, as the failure of a step.
  package init(_ error: CloudError, subject: String) {
    let code: Code =
      switch error.code {
      case .interrupted: .interrupted
      case .locked: .locked
      default: .failed
      }
    self.init(
      code, operation: error.operation, subject: subject,
      cause: error.cause, hint: error.hint)
  }
}
