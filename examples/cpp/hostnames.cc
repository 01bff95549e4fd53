// Runs `hostname` in a few containers and prints what they say: Knit from C++.
//
//   hostnames [INSTANCES]
#include <knit/client.h>

#include <cstdlib>
#include <iostream>

namespace {

// Every line of every container, as it comes.
class Printer : public knit::RunObserver {
 public:
  void on_line(std::int32_t instance, knit::OutputStream stream, std::string_view line,
               knit::LineEnd) override {
    (stream == knit::OutputStream::kStdout ? std::cout : std::cerr) << instance << " | " << line << '\n';
  }
  void on_notice(const std::string& text) override { std::cerr << text << '\n'; }
};

// A Result is the value or the error that says why there is none.
knit::Result<knit::RunResult> run(std::int32_t instances) {
  auto client =
      knit::Client::open({});  // the cluster's *-site.xml files, found as the command line finds them
  if (!client) return client.error();

  knit::RunSpec spec;
  spec.command = {"hostname"};
  spec.instances = instances;
  spec.resource.memory = knit::ByteSize::mib(256);

  Printer printer;
  auto application = (*client)->submit(spec, printer);
  if (!application) return application.error();
  std::cerr << "submitted " << to_string(*application) << '\n';
  return (*client)->follow(*application, {}, printer);
}

}  // namespace

int main(int argc, char** argv) {
  auto result = run(argc > 1 ? std::atoi(argv[1]) : 2);
  if (!result) {
    std::cerr << "hostnames: " << result.error().message() << '\n';
    return EXIT_FAILURE;
  }
  if (result->outcome != knit::Outcome::kSucceeded) {
    std::cerr << result->diagnostics << '\n';
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
