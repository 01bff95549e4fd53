// Five steps of an application's life, from C++: start, status, logs, more containers, its end.
//
//   steps [INSTANCES]
#include <knit/client.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 2min;

// Told what Knit has to say meanwhile.
class Notices : public knit::RunObserver {
 public:
  void on_notice(const std::string& text) override { std::cerr << text << '\n'; }
};

// Throws what went wrong: an example that is as short as it can be.
template <class T>
T must(knit::Result<T> result) {
  if (!result) throw result.error();
  return *std::move(result);
}

// Until so many instances run.
void wait_for_instances(knit::Client& client, const knit::ApplicationId& id, int wanted) {
  for (const auto end = std::chrono::steady_clock::now() + kPatience;; std::this_thread::sleep_for(100ms)) {
    int running = 0;
    for (const auto& one : must(client.instances(id)))
      if (one.instance >= 0 && one.state == "running") ++running;
    if (running >= wanted) return;
    if (std::chrono::steady_clock::now() >= end)
      throw knit::Error(knit::ErrorCode::kDeadlineExceeded, "the cluster has no room");
  }
}

void print_logs(knit::Client& client, const knit::ApplicationId& id) {
  const auto print = [](const knit::LogPiece& piece) {
    if (piece.begins) std::cout << piece.container << ' ' << piece.file << ":\n";
    std::cout.write(reinterpret_cast<const char*>(piece.bytes.data()),
                    static_cast<std::streamsize>(piece.bytes.size()));
    return knit::Status();
  };
  const auto notice = [](const std::string& text) { std::cerr << text << '\n'; };
  if (auto read = client.logs(id, {}, print, notice); !read) throw read.error();
}

void run(int instances) {
  const auto client = must(knit::Client::open({}));  // the cluster's *-site.xml, found as `knit` finds them
  Notices notices;

  knit::RunSpec spec;
  spec.command = {"/bin/bash", "-c", "date; exec sleep 600"};
  spec.instances = instances;
  spec.resource.memory = knit::ByteSize::mib(128);
  const auto id = must(client->submit(spec, notices));  // 1
  std::cout << "started " << to_string(id) << '\n';
  wait_for_instances(*client, id, instances);

  const auto report = must(client->report(id));  // 2
  std::cout << to_string(report.state) << ", " << report.running_containers << " containers\n";

  print_logs(*client, id);  // 3

  const auto scaled = must(client->scale(id, {.by = 2}));  // 4
  std::cout << "instances " << scaled.added.front() << " to " << scaled.added.back() << " added\n";
  wait_for_instances(*client, id, instances + 2);

  must(client->kill(id));  // 5
  const auto ended = must(client->wait(id, kPatience));
  std::cout << to_string(ended.report.state) << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc > 1 ? std::atoi(argv[1]) : 2);
  } catch (const knit::Error& error) {
    std::cerr << "steps: " << error.message() << '\n';
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
