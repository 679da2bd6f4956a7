#include "filesystem/appliance_module.hpp"

#include <dlfcn.h>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

using Start = decltype(&imgport_start_appliance);

#ifdef IMGPORT_APPLIANCE_LINKED  // a static library: there is nothing to load

Result<Start> find_start()
{
    return &imgport_start_appliance;
}

#else

// Beside the library, or the program, that holds this code.
std::string module_path()
{
    Dl_info here{};
    if (dladdr(reinterpret_cast<const void *>(&start_appliance), &here) == 0 || here.dli_fname == nullptr)
        return "imgport/appliance.so";
    return dir_name(here.dli_fname) + "/imgport/appliance.so";
}

Result<Start> load()
{
    std::string const path = module_path();
    // Never unloaded: libguestfs leaves handlers behind that run at exit.
    void *const module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    void *const symbol = module ? dlsym(module, "imgport_start_appliance") : nullptr;
    if (symbol)
        return reinterpret_cast<Start>(symbol);
    const char *const why = dlerror();
    Error error{ErrorCode::environment, "the appliance engine cannot be loaded"};
    error.hint = why ? why : path;
    return fail(error);
}

Result<Start> find_start()
{
    static const Result<Start> start = load();
    return start;
}

#endif

}  // namespace

Result<std::unique_ptr<TreeMaker>> start_appliance(const ApplianceDisk &disk, ProgressSink &progress)
{
    auto const start = find_start();
    if (!start)
        return fail(start.error());
    Result<std::unique_ptr<TreeMaker>> result;
    (*start)(disk, progress, result);
    return result;
}

}  // namespace imgport
