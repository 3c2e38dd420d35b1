import Glibc
import SystemPackage

extension MachineRunner {
  /// Has a machine shut down, and ends what doesn't within 20 s. Its record and disk stay.
  func shutDown(_ id: String, _ operation: String) async throws(CloudError) {
    let machine = files.machine(id)
    try await locked(machine.lock, operation) { () async throws(CloudError) in
      let record = try await standing(machine, operation)
      let generation = machine.generation(record.generation)
      for attempt in 0..<2000 {
        let runs = try await offload { () throws(CloudError) in
          guard let supervisor = generation.supervisor() else { return false }
          if attempt == 0 { supervisor.kill(SIGTERM) }
          return true
        }
        if !runs { break }
        try await pause(operation)
      }
      try await stop(machine, try await offload { () throws(CloudError) in machine.generations() })
    }
  }
}
