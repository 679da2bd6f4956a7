// imgport doctor: what this machine has.
#include <imgport/doctor.hpp>

#include <fmt/format.h>

#include "options.hpp"
#include "verbs.hpp"

namespace imgport::cli {
namespace {

int run_doctor(Program &program, const std::string &format)
{
    auto const items = doctor(program.globals().temp_dir, program.progress());
    bool good = true;
    std::string text;
    for (auto const &item : items) {
        good = good && (item.ok || !item.required);
        text += fmt::format("{:<4} {:<16} {}\n", item.ok ? "ok" : item.required ? "BAD" : "-", item.name, item.detail);
        if (!item.ok && !item.hint.empty())
            text += fmt::format("     {:<16} {}\n", "", item.hint);
    }
    if (!print(format == "json" ? doctor_json(items) : text))
        return exit_code(ErrorCode::environment);
    return good ? 0 : exit_code(ErrorCode::environment);
}

}  // namespace

void add_doctor(Program &program)
{
    auto const format = std::make_shared<std::string>("text");
    CLI::App &verb =
        program.add_verb("doctor", "What this machine has: qemu-img, the appliance, KVM, free space",
                         "  imgport doctor\n", [&program, format] { return run_doctor(program, *format); });
    add_format(verb, *format);
}

}  // namespace imgport::cli
