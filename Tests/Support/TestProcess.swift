import Glibc

/// A program that runs beside a test.
enum TestProcess {
  struct Failure: Error {
    var text: String
  }

  /// Starts one, with the test's standard input and output where no others are given.
  static func start(_ words: [String], input: Int32? = nil, output: Int32? = nil) throws -> pid_t {
    var process = pid_t()
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    arguments.append(nil)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input { posix_spawn_file_actions_adddup2(&actions, input, 0) }
    if let output { posix_spawn_file_actions_adddup2(&actions, output, 1) }
    let status = posix_spawn(&process, words[0], &actions, nil, arguments, environ)
    guard status == 0 else { throw Failure(text: "\(words[0]): \(String(cString: strerror(status)))") }
    return process
  }
}
