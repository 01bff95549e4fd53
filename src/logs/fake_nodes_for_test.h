// For tests of this module: NodeManagers' web servers in memory.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "http/client.h"
#include "io/stream.h"
#include "io/task_group.h"

namespace knit::logs {

// Serves what `logs` holds, as NMWebServices 3.4.2 does. Must outlive the loop's tasks.
class FakeNodes {
 public:
  std::map<std::string, std::map<std::string, std::string>> logs;  // container -> file -> bytes
  std::set<std::string> unreachable;                               // "host:port"
  std::vector<std::string> asked;                                  // containers and files, in order
  bool breaks_off = false;                                         // in the middle of a log
  std::function<void(const std::string&)> before_answer;           // with what goes into `asked`

  http::Options options() {
    http::Options options;
    options.connect = [this](io::HostPort server) { return connect(std::move(server)); };
    return options;
  }

 private:
  io::Task<Result<std::unique_ptr<io::Stream>>> connect(io::HostPort server) {
    if (unreachable.contains(io::to_string(server))) {
      co_return Error(ErrorCode::kUnavailable, io::to_string(server) + ": connection refused");
    }
    auto [ours, theirs] = io::make_pipe();
    group_.spawn(serve(std::move(theirs)));
    co_return std::move(ours);
  }

  io::Task<void> serve(std::unique_ptr<io::Stream> stream) {
    std::string request;
    std::array<std::byte, 1024> buffer;
    while (request.find("\r\n\r\n") == std::string::npos) {
      auto size = co_await stream->read_some(buffer);
      if (!size || *size == 0) co_return;
      request += io::as_text(std::span(buffer).first(*size));
    }
    const auto target = request.substr(4, request.find(' ', 4) - 4);
    auto text = answer(target);
    if (breaks_off && target.find("/logs/") != std::string::npos) text.resize(text.size() / 2);
    (void)co_await stream->write(io::as_bytes(text));
    stream->close();
  }

  static std::string with_status(int status, const std::string& body) {
    return fmt::format("HTTP/1.1 {} X\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{}", status,
                       body.size(), body);
  }

  std::string answer(const std::string& target) {
    // /ws/v1/node/containers/CID/logs[/FILE[?size=N]]
    const auto begin = target.find("container_");
    const auto end = target.find("/logs", begin);
    const auto container = target.substr(begin, end - begin);
    const auto rest = target.substr(end + 5);
    if (before_answer) before_answer(container + rest.substr(0, rest.find('?')));
    const auto found = logs.find(container);
    if (found == logs.end())
      return with_status(404, "java.lang.Exception: Cannot find this log on the local disk.");
    if (rest.empty() || rest[0] == '?') return list(container, found->second);
    const auto question = rest.find('?');
    const auto file = rest.substr(1, question == std::string::npos ? question : question - 1);
    const auto log = found->second.find(file);
    if (log == found->second.end()) return with_status(404, "java.lang.Exception: Cannot find this log.");
    asked.push_back(container + "/" + file);
    std::int64_t size = static_cast<std::int64_t>(log->second.size());
    const auto wanted = rest.find("size=");
    if (wanted != std::string::npos) {
      std::from_chars(rest.data() + wanted + 5, rest.data() + rest.size(), size);
    }
    return with_status(200, page(container, file, log->second, size));
  }

  std::string list(const std::string& container, const std::map<std::string, std::string>& files) {
    asked.push_back(container);
    std::string entries;
    for (const auto& [name, bytes] : files) {
      entries += fmt::format(R"({}{{"fileName":"{}","fileSize":"{}","lastModifiedTime":"Mon Nov 23"}})",
                             entries.empty() ? "" : ",", name, bytes.size());
    }
    return with_status(200,
                       fmt::format(R"({{"containerLogsInfo":{{"containerLogInfo":[{}],)"
                                   R"("logAggregationType":"LOCAL","containerId":"{}","nodeId":"n:1"}}}})",
                                   entries, container));
  }

  static std::string page(const std::string& container, const std::string& file, const std::string& bytes,
                          std::int64_t size) {
    const auto count = std::min<std::size_t>(static_cast<std::size_t>(size < 0 ? -size : size), bytes.size());
    const auto part = size < 0 ? bytes.substr(bytes.size() - count) : bytes.substr(0, count);
    const auto first = fmt::format("Container: {} on n:1", container);
    return fmt::format(
        "{}\nLogAggregationType: LOCAL\n{}\nLogType:{}\nLogLastModifiedTime:Mon Nov 23\nLogLength:{}\n"
        "LogContents:\n{}End of LogType:{}.\n{}\n\n",
        first, std::string(first.size(), '='), file, bytes.size(), part, file, std::string(60, '*'));
  }

  io::TaskGroup group_;
};

}  // namespace knit::logs
