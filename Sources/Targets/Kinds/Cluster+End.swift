import StackMake
import Synchronization

/// When a cluster began: asked of the record once, since servers are made at the same time.
final class ClusterBeginning: Sendable {
  static let register = "cluster/began"

  private let known = Mutex<Double?>(nil)

  /// In seconds since 1970; what is found is put on record. Blocks.
  func value(_ store: any Store, _ machines: [Machine], at now: Double) throws(StoreError) -> Double {
    let result: Result<Double, StoreError> = known.withLock { known in
      if let known { return .success(known) }
      do throws(StoreError) {
        let recorded = try store.registers(prefix: Self.register)[Self.register].flatMap { Double($0) }
        let created = machines.filter { $0.status != .deleting }.map(\.createdAt)
        let began = ClusterEnd.beginning(recorded: recorded, created: created, now: now)
        if began != recorded { try store.set([Self.register: String(began)]) }
        known = began
        return .success(began)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}

extension Cluster {
  /// The end that a server is given now; nil where the Stackfile gives none.
  func end(_ store: any Store, at now: Double) async throws(StepError) -> Double? {
    guard let lifetime else { return nil }
    let machines = try await machines()
    do throws(StoreError) {
      return try beginning.value(store, machines, at: now) + lifetime.seconds
    } catch {
      throw StepError(error, operation: "read when the cluster began", subject: name)
    }
  }
}
