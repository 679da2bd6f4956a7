// Our merging of cloud-init's files against cloud-init's own. The package switches itself on where it is installed, so
// nobody installs it for a test: IMGPORT_CLOUD_INIT may name a folder into which the package was only unpacked,
// .../usr/lib/python3/dist-packages, as scripts/oracles does it for scripts/test.
#include "guest/cloud_init.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "guest.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

// What cloud-init would go by, a line for each folder that it is given.
constexpr const char *script = R"(
import sys
from cloudinit import net, util
for folder in sys.argv[1:]:
    cfg = util.read_conf_with_confd(folder + '/cloud.cfg')
    modules = [m if isinstance(m, str) else m[0] for m in cfg.get('cloud_init_modules') or []]
    growpart = cfg.get('growpart') or {}
    print('datasources=%s network=%d hostname=%d growpart=%d' % (
        ','.join(cfg.get('datasource_list') or ['unset']),
        net.is_disabled_cfg(cfg.get('network')),
        util.get_cfg_option_bool(cfg, 'preserve_hostname', False),
        'growpart' in modules and not util.is_false(growpart.get('mode', 'auto'))))
)";

struct File {
    const char *name;  // below /etc/cloud
    const char *text;
};

std::string python()
{
    const char *folder = std::getenv("IMGPORT_CLOUD_INIT");
    return std::string("PYTHONWARNINGS=ignore PYTHONPATH='") + (folder != nullptr ? folder : "") + "' python3 ";
}

bool has_cloud_init()
{
    Command command;
    command.arguments = {"/bin/sh", "-c",
                         "PATH=$PATH:/usr/bin; " + python() + "-c 'import cloudinit.util' 2>/dev/null"};
    auto const result = run(command);
    return result && result->status == 0;
}

using Sets = std::vector<std::vector<File>>;

std::vector<std::string> as_cloud_init_says(const Sets &sets)
{
    Workshop const workshop;
    std::string folders;
    for (std::size_t i = 0; i < sets.size(); ++i) {
        std::string const folder = workshop.path() + "/" + std::to_string(i);
        std::filesystem::create_directories(folder + "/cloud.cfg.d");
        for (auto const &file : sets[i])
            std::ofstream(folder + "/" + file.name) << file.text;
        folders += " '" + folder + "'";
    }
    std::ofstream(workshop.path() + "/ask.py") << script;
    return split(std::string(trim(run_shell(python() + workshop.path() + "/ask.py" + folders))), '\n');
}

std::string as_we_say(const std::vector<File> &files)
{
    Guest guest;
    for (auto const &file : files)
        guest.file(std::string("/etc/cloud/") + file.name, file.text);
    auto const facts = read_cloud_init(guest.tree, Services(guest.tree), "");
    if (!facts)
        return facts.reason();
    return fmt::format("datasources={} network={:d} hostname={:d} growpart={:d}",
                       facts->datasources ? join(*facts->datasources, ",") : "unset", facts->network_disabled,
                       facts->preserve_hostname, facts->grows_root);
}

}  // namespace

TEST(CloudInitOracle, MergesItsFilesAsWeDo)
{
    IMGPORT_NEEDS("python3");
    if (!has_cloud_init())
        GTEST_SKIP() << "cloud-init's Python package is not there (see IMGPORT_CLOUD_INIT)";
    const File stock{"cloud.cfg", "datasource_list: [NoCloud]\npreserve_hostname: false\n"
                                  "cloud_init_modules:\n - migrator\n - growpart\n - [resizefs, always]\n"};
    const Sets sets{
        {stock},
        {stock, {"cloud.cfg.d/90_dpkg.cfg", "datasource_list: [ AliYun, None ]\n"}},
        {stock,
         {"cloud.cfg.d/90_dpkg.cfg", "datasource_list: [ AliYun, None ]\n"},
         {"cloud.cfg.d/95.cfg", "datasource_list: [ Ec2 ]\n"}},
        {stock, {"cloud.cfg.d/9.cfg", "datasource_list: [A]\n"}, {"cloud.cfg.d/10.cfg", "datasource_list: [B]\n"}},
        {stock, {"cloud.cfg.d/B.cfg", "datasource_list: [A]\n"}, {"cloud.cfg.d/a.cfg", "datasource_list: [B]\n"}},
        {stock,
         {"cloud.cfg.d/99.cfg.disabled", "datasource_list: [A]\n"},
         {"cloud.cfg.d/x.yaml", "network: {config: disabled}"}},
        {stock, {"cloud.cfg.d/10.cfg", "network: {config: disabled}\n"}},
        {stock, {"cloud.cfg.d/10.cfg", "network: {config: disabled}\n"}, {"cloud.cfg.d/20.cfg", "network: {}\n"}},
        {stock,
         {"cloud.cfg.d/10.cfg", "network: {config: disabled}\n"},
         {"cloud.cfg.d/20.cfg", "network:\n  version: 2\n"}},
        {stock,
         {"cloud.cfg.d/10.cfg", "network: {config: disabled}\n"},
         {"cloud.cfg.d/20.cfg", "network: {config: {version: 2}}\n"}},
        {stock,
         {"cloud.cfg.d/10.cfg", "network: {config: {version: 2}}\n"},
         {"cloud.cfg.d/20.cfg", "network: {config: disabled}\n"}},
        {stock, {"cloud.cfg.d/10.cfg", "preserve_hostname: true\n"}},
        {stock, {"cloud.cfg.d/10.cfg", "preserve_hostname: 'yes'\n"}},
        {stock, {"cloud.cfg.d/10.cfg", "preserve_hostname: 1\n"}},
        {stock, {"cloud.cfg.d/10.cfg", "preserve_hostname: y\n"}},
        {stock,
         {"cloud.cfg.d/10.cfg", "preserve_hostname: true\n"},
         {"cloud.cfg.d/20.cfg", "preserve_hostname: off\n"}},
        {stock, {"cloud.cfg.d/10.cfg", "growpart: {mode: 'off'}\n"}},
        {stock, {"cloud.cfg.d/10.cfg", "growpart: {mode: auto, devices: ['/']}\n"}},
        {stock,
         {"cloud.cfg.d/10.cfg", "growpart: {mode: off}\n"},
         {"cloud.cfg.d/20.cfg", "growpart: {devices: ['/']}\n"}},
        {stock, {"cloud.cfg.d/10.cfg", "cloud_init_modules: [migrator]\n"}},
        {stock,
         {"cloud.cfg.d/10.cfg", "cloud_init_modules: [migrator]\n"},
         {"cloud.cfg.d/20.cfg", "cloud_init_modules: [[growpart, always]]\n"}},
        {stock, {"cloud.cfg.d/10.cfg", ""}, {"cloud.cfg.d/20.cfg", "# nothing\n"}},
        {{"cloud.cfg.d/10.cfg", "datasource_list: [AliYun]\n"}},
    };
    auto const said = as_cloud_init_says(sets);
    ASSERT_EQ(said.size(), sets.size());
    for (std::size_t i = 0; i < sets.size(); ++i)
        EXPECT_EQ(as_we_say(sets[i]), said[i]) << "set " << i << ": " << sets[i].back().text;
}
