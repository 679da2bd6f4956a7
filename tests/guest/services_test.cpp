#include "guest/services.hpp"

#include <gtest/gtest.h>

#include "guest.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

ServiceState state_of(Guest &guest, const std::vector<std::string> &units)
{
    GuestFiles files(guest.tree);
    auto const state = Services(guest.tree).state(files, units);
    EXPECT_FALSE(files.failed()) << files.reason();
    return state;
}

}  // namespace

TEST(Systemd, AWantsLinkEnables)
{
    Guest guest;
    guest.file("/usr/lib/systemd/system/sshd.service", "[Unit]\n").link("/lib", "usr/lib");
    EXPECT_TRUE(state_of(guest, {"sshd.service"}).present);
    EXPECT_FALSE(state_of(guest, {"sshd.service"}).enabled);
    guest.link("/etc/systemd/system/multi-user.target.wants/sshd.service", "/usr/lib/systemd/system/sshd.service");
    EXPECT_TRUE(state_of(guest, {"sshd.service"}).enabled);
    EXPECT_EQ(state_of(guest, {"sshd.service"}).enabled_by, "/etc/systemd/system/multi-user.target.wants/sshd.service");
    EXPECT_FALSE(state_of(guest, {"ssh.service"}).enabled);
}

TEST(Systemd, AMaskBeatsTheLink)
{
    for (bool const empty_file : {false, true}) {
        Guest guest;
        guest.file("/lib/systemd/system/ssh.service", "[Unit]\n")
            .link("/etc/systemd/system/multi-user.target.wants/ssh.service", "/lib/systemd/system/ssh.service");
        if (empty_file)
            guest.file("/etc/systemd/system/ssh.service", "");
        else
            guest.link("/etc/systemd/system/ssh.service", "/dev/null");
        auto const state = state_of(guest, {"ssh.service"});
        EXPECT_FALSE(state.enabled);
        EXPECT_EQ(state.masked_by, "/etc/systemd/system/ssh.service");
    }
}

TEST(Systemd, AnAliasIsNoStartByItselfButLeadsToOne)
{
    Guest guest;
    guest.file("/lib/systemd/system/ssh.service", "[Unit]\n")
        .link("/etc/systemd/system/sshd.service", "/lib/systemd/system/ssh.service");
    EXPECT_FALSE(state_of(guest, {"sshd.service"}).enabled);
    guest.link("/etc/systemd/system/multi-user.target.wants/ssh.service", "/lib/systemd/system/ssh.service");
    EXPECT_TRUE(state_of(guest, {"sshd.service"}).enabled);
}

TEST(Systemd, ASocketStartsItToo)
{
    Guest guest;
    guest.file("/lib/systemd/system/ssh.socket", "[Socket]\n")
        .file("/lib/systemd/system/ssh.service", "[Unit]\n")
        .link("/etc/systemd/system/sockets.target.wants/ssh.socket", "/lib/systemd/system/ssh.socket");
    EXPECT_TRUE(state_of(guest, {"ssh.service", "ssh.socket"}).enabled);
}

TEST(Systemd, ATargetThatIsNoOrdinaryBootDoesNotCount)
{
    Guest guest;
    guest.file("/lib/systemd/system/x.service", "[Unit]\n")
        .link("/etc/systemd/system/rescue.target.wants/x.service", "/lib/systemd/system/x.service");
    EXPECT_FALSE(state_of(guest, {"x.service"}).enabled);
}

TEST(Systemd, ALinkToAUnitThatIsGoneDoesNotCount)
{
    Guest guest;
    guest.link("/etc/systemd/system/multi-user.target.wants/sshd.service", "/usr/lib/systemd/system/sshd.service");
    EXPECT_FALSE(state_of(guest, {"sshd.service"}).enabled);
}

TEST(Systemd, AUnitHidesTheScript)
{
    Guest guest;
    guest.file("/lib/systemd/system/ssh.service", "[Unit]\n")
        .file("/etc/init.d/ssh", "#!/bin/sh\n")
        .link("/etc/rc3.d/S02ssh", "../init.d/ssh");
    EXPECT_FALSE(state_of(guest, {"ssh.service"}).enabled);
}

TEST(Systemd, PresetsCountWhereAFirstBootIsAhead)
{
    struct Case {
        const char *machine_id;  // nullptr: there is no such file
        const char *init;
        bool enabled;
    };
    for (auto const &[machine_id, init, enabled] : {
             Case{nullptr, "/lib/systemd/systemd", true},
             Case{"uninitialized\n", "/lib/systemd/systemd", true},
             Case{"uninitialized", "/lib/systemd/systemd", true},
             Case{"", "/lib/systemd/systemd", false},
             Case{"6a8f1b7e6b1c4c0f8c0e4d7f2b1a9c3d\n", "/lib/systemd/systemd", false},
             Case{nullptr, "/bin/busybox", false},
             Case{nullptr, nullptr, false},
         }) {
        Guest guest;
        guest.file("/lib/systemd/systemd", "ELF")
            .file("/bin/busybox", "ELF")
            .file("/lib/systemd/system/x.service", "[Install]\nWantedBy=multi-user.target\n");
        if (init != nullptr)
            guest.link("/sbin/init", init);
        if (machine_id != nullptr)
            guest.file("/etc/machine-id", machine_id);
        auto const state = state_of(guest, {"x.service"});
        EXPECT_EQ(state.enabled, enabled) << (machine_id != nullptr ? machine_id : "none") << " " << (init ? init : "");
        EXPECT_EQ(state.enabled_by, enabled ? "/lib/systemd/system/x.service" : "");
    }
}

TEST(OtherInits, ScriptsJobsAndRunlevels)
{
    Guest debian;
    debian.file("/etc/init.d/ssh", "#!/bin/sh\n").link("/etc/rc2.d/S02ssh", "../init.d/ssh");
    EXPECT_TRUE(state_of(debian, {"ssh.service"}).enabled);
    Guest red_hat;
    red_hat.file("/etc/rc.d/init.d/sshd", "#!/bin/sh\n").link("/etc/rc.d/rc3.d/K25sshd", "../init.d/sshd");
    EXPECT_TRUE(state_of(red_hat, {"sshd.service"}).present);
    EXPECT_FALSE(state_of(red_hat, {"sshd.service"}).enabled);
    red_hat.link("/etc/rc.d/rc3.d/S55sshd", "../init.d/sshd");
    EXPECT_EQ(state_of(red_hat, {"sshd.service"}).enabled_by, "/etc/rc.d/rc3.d/S55sshd");
    Guest upstart;
    upstart.file("/etc/init/ssh.conf", "start on runlevel [2345]\nexec /usr/sbin/sshd -D\n");
    EXPECT_TRUE(state_of(upstart, {"ssh.service"}).enabled);
    upstart.file("/etc/init/ssh.override", "manual\n");
    EXPECT_FALSE(state_of(upstart, {"ssh.service"}).enabled);
    Guest openrc;
    openrc.file("/etc/init.d/sshd", "#!/sbin/openrc-run\n").link("/etc/runlevels/default/sshd", "/etc/init.d/sshd");
    EXPECT_TRUE(state_of(openrc, {"sshd.service"}).enabled);
}

TEST(Services, AFolderThatCannotBeReadIsUnknown)
{
    Guest guest;
    guest.link("/etc/systemd/system", "system");  // a loop
    GuestFiles files(guest.tree);
    Services(guest.tree).state(files, {"sshd.service"});
    EXPECT_TRUE(files.failed());
}

TEST(RcConf, LaterFilesWin)
{
    Guest guest;
    guest.file("/etc/rc.conf", "sshd_enable=\"NO\"\npf_enable=\"YES\"\n")
        .file("/etc/rc.conf.local", "sshd_enable=yes\n");
    GuestFiles files(guest.tree);
    auto const conf = read_rc_conf(files);
    EXPECT_TRUE(conf.on("sshd_enable"));
    EXPECT_EQ(conf.find("sshd_enable")->file, "/etc/rc.conf.local");
    EXPECT_FALSE(conf.on("ipfw_enable"));
}
