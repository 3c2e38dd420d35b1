import Dispatch

/// Runs blocking work on a thread that may block, so that Swift's own few threads go on.
func offload<Success: Sendable>(
  _ work: @escaping @Sendable () throws(CloudError) -> Success
) async throws(CloudError) -> Success {
  let result: Result<Success, CloudError> = await withCheckedContinuation { continuation in
    DispatchQueue.global().async { @Sendable in
      do throws(CloudError) {
        continuation.resume(returning: .success(try work()))
      } catch {
        continuation.resume(returning: .failure(error))
      }
    }
  }
  return try result.get()
}
