// Job lists: what is understood, and how mistakes are told.
#include <imgport/batch.hpp>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "batch/folder.hpp"
#include "support/text.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

JobListOptions with_keys(std::vector<JobOption> defaults = {})
{
    JobListOptions options;
    options.keys = {
        {.name = "profile", .kind = JobKey::Kind::value},
        {.name = "to",
         .kind = JobKey::Kind::value,
         .complaint =
             [](const std::string &value) {
                 return value == "qcow2" || value == "vhd" ? "" : value + " is no format";
             }},
        {.name = "data-disk",
         .kind = JobKey::Kind::list,
         .locate = [](const std::string &value, const std::string &folder) { return folder + "/" + value; }},
        {.name = "tag", .kind = JobKey::Kind::list},
        {.name = "allow-unknown", .kind = JobKey::Kind::flag},
    };
    options.defaults = std::move(defaults);
    return options;
}

std::string error_of(const Folder &folder, const std::string &name, const std::string &text)
{
    folder.write(name, text);
    auto const list = read_jobs({folder / name}, with_keys());
    return list ? std::string("no error") : describe(list.error());
}

}  // namespace

TEST(JobList, TextIsAPathALine)
{
    Folder const folder;
    folder.write("jobs.txt", "# two disks\n\n  a disk.raw  \r\nsub/b.qcow2\n/abs/c.vmdk");
    auto const list = read_jobs({folder / "jobs.txt"}, with_keys());
    ASSERT_TRUE(list) << describe(list.error());
    ASSERT_EQ(list->jobs.size(), 3U);
    EXPECT_EQ(list->jobs[0].path, folder / "a disk.raw");
    EXPECT_EQ(list->jobs[0].where, "jobs.txt, line 3");
    EXPECT_EQ(list->jobs[1].path, folder / "sub/b.qcow2");
    EXPECT_EQ(list->jobs[2].path, "/abs/c.vmdk");
    EXPECT_EQ(list->jobs[2].name, "c");
}

TEST(JobList, TomlHasDefaultsAndOptionsPerImage)
{
    Folder const folder;
    folder.write("jobs.toml", R"toml([defaults]
to = "vhd"
allow-unknown = true
[[image]]
path = "web.vmdk"
name = "web-1"
data-disk = ["d1.vmdk", "d2.vmdk"]
tag = { team = "a", env = "b" }
[[image]]
path = "db.raw"
to = "qcow2"
allow-unknown = false
)toml");
    auto const list = read_jobs({folder / "jobs.toml"}, with_keys({{"profile", {"ours"}}, {"to", {"qcow2"}}}));
    ASSERT_TRUE(list) << describe(list.error());
    ASSERT_EQ(list->jobs.size(), 2U);
    auto const &web = list->jobs[0];
    EXPECT_EQ(web.name, "web-1");
    EXPECT_EQ(web.where, "jobs.toml, line 4");
    EXPECT_EQ(arguments_of(web), (std::vector<std::string>{"--allow-unknown", "--data-disk=" + (folder / "d1.vmdk"),
                                                           "--data-disk=" + (folder / "d2.vmdk"), "--profile=ours",
                                                           "--tag=env=b", "--tag=team=a", "--to=vhd"}));
    EXPECT_EQ(arguments_of(list->jobs[1]), (std::vector<std::string>{"--profile=ours", "--to=qcow2"}));
}

TEST(JobList, CsvHasQuotesListsAndEmptyFields)
{
    Folder const folder;
    folder.write("jobs.csv", "\xef\xbb\xbfpath,name,to,tag,allow-unknown\r\n"
                             "\"a, b.raw\",\"the \"\"one\"\"\",vhd,x=1;y=2,yes\r\n"
                             "\r\n"
                             "c.raw,,,\r\n");
    auto const list = read_jobs({folder / "jobs.csv"}, with_keys());
    ASSERT_TRUE(list) << describe(list.error());
    ASSERT_EQ(list->jobs.size(), 2U);
    EXPECT_EQ(list->jobs[0].path, folder / "a, b.raw");
    EXPECT_EQ(list->jobs[0].name, "the \"one\"");
    EXPECT_EQ(arguments_of(list->jobs[0]),
              (std::vector<std::string>{"--allow-unknown", "--tag=x=1", "--tag=y=2", "--to=vhd"}));
    EXPECT_EQ(list->jobs[1].name, "c");
    EXPECT_EQ(list->jobs[1].where, "jobs.csv, line 4");
    EXPECT_TRUE(list->jobs[1].options.empty());
}

TEST(JobList, MistakesAreToldWithTheirLineAndTheNearestName)
{
    Folder const folder;
    EXPECT_THAT(error_of(folder, "a.toml", "[[image]]\npath = \"a.raw\"\nprofil = \"x\"\n"),
                HasSubstr("a.toml: line 3: unknown key of an image: 'profil'; did you mean 'profile'?"));
    EXPECT_THAT(error_of(folder, "b.toml", "[[image]]\npath = \"a.raw\"\nto = \"vhdx\"\n"),
                HasSubstr("line 3: 'to': vhdx is no format"));
    EXPECT_THAT(error_of(folder, "c.toml", "[[image]]\nname = \"a\"\n"), HasSubstr("line 1: an image needs a path"));
    EXPECT_THAT(error_of(folder, "d.toml", "[[image]\npath = \"a\"\n"), HasSubstr("d.toml: line 1"));
    EXPECT_THAT(error_of(folder, "e.toml", "[[imag]]\npath = \"a\"\n"), HasSubstr("did you mean 'image'?"));
    EXPECT_THAT(error_of(folder, "f.toml", "[[image]]\npath = \"a\"\nallow-unknown = \"perhaps\"\n"),
                HasSubstr("line 3: 'allow-unknown' is either true or false"));
    EXPECT_THAT(error_of(folder, "g.csv", "path,t0\na.raw,vhd\n"), HasSubstr("line 2: unknown key"));
    EXPECT_THAT(error_of(folder, "h.csv", "path,to\n\"a\nb.raw\",vhd\nc.raw,vhdx\n"),
                HasSubstr("line 4: 'to': vhdx is no format"));
    EXPECT_THAT(error_of(folder, "i.csv", "path\na.raw,vhd\n"), HasSubstr("line 2: has 2 fields"));
    EXPECT_THAT(error_of(folder, "j.csv", "path\n\"a.raw\n"), HasSubstr("line 2: a quote is not closed"));
    EXPECT_THAT(error_of(folder, "k.txt", "# nothing\n"), HasSubstr("no image was found"));
    EXPECT_THAT(error_of(folder, "l.toml", "[[image]]\npath = \"a\"\nname = \"../etc/passwd\"\n"),
                HasSubstr("cannot be a file's name"));
}

TEST(JobList, NamesAreUniqueAndDoNotDependOnTheOrder)
{
    Folder const folder;
    folder.write("a.txt", "x/web.vmdk\ny/web.vmdk\nz/db.raw\n");
    folder.write("b.txt", "z/db.raw\ny/web.vmdk\nx/web.vmdk\n");
    auto const a = read_jobs({folder / "a.txt"}, with_keys());
    auto const b = read_jobs({folder / "b.txt"}, with_keys());
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->jobs[0].name, "x-web");
    EXPECT_EQ(a->jobs[1].name, "y-web");
    EXPECT_EQ(a->jobs[2].name, "db");
    EXPECT_EQ(b->jobs[2].name, "x-web");
    EXPECT_THAT(error_of(folder, "c.toml",
                         "[[image]]\npath = \"a\"\nname = \"web\"\n[[image]]\npath = \"b\"\nname = \"web\"\n"),
                HasSubstr("c.toml, line 4: the name 'web' is taken by c.toml, line 1"));
    EXPECT_THAT(error_of(folder, "d.txt", "a.raw\na.raw\n"), HasSubstr("d.txt, line 2"));
    EXPECT_THAT(error_of(folder, "e.txt", "web.raw\nweb-data1.raw\n"), HasSubstr("another image's data disk"));
}

TEST(JobList, NamesStayWhenTheListGrows)
{
    Folder const folder;
    folder.write("1.txt", "web/disk.raw\na/one.raw\n");
    folder.write("2.txt", "db/disk.raw\nweb/disk.raw\na/one.raw\n");
    auto options = with_keys();
    options.earlier = read_jobs({folder / "1.txt"}, options)->jobs;
    EXPECT_EQ(options.earlier[0].name, "disk");
    auto const list = read_jobs({folder / "2.txt"}, options);
    ASSERT_TRUE(list) << describe(list.error());
    EXPECT_EQ(list->jobs[0].name, "db-disk");
    EXPECT_EQ(list->jobs[1].name, "disk");
    EXPECT_EQ(list->jobs[2].name, "one");
    // And when it shrinks.
    options.earlier = list->jobs;
    folder.write("3.txt", "db/disk.raw\n");
    EXPECT_EQ(read_jobs({folder / "3.txt"}, options)->jobs[0].name, "db-disk");
    // A name that is given wins, over its own image's and over another's.
    folder.write("4.csv", "path,name\nweb/disk.raw,web\nnew.raw,one\na/one.raw,\n");
    auto const given = read_jobs({folder / "4.csv"}, options);
    ASSERT_TRUE(given) << describe(given.error());
    EXPECT_EQ(given->jobs[0].name, "web");
    EXPECT_EQ(given->jobs[1].name, "one");
    EXPECT_EQ(given->jobs[2].name, "a-one");
    // An image that is listed twice is a mistake all the same.
    folder.write("5.txt", "web/disk.raw\nweb/disk.raw\n");
    EXPECT_FALSE(read_jobs({folder / "5.txt"}, options));
    // And one that was listed twice, under names, has no name of its own.
    options.earlier = {{.path = folder / "db/disk.raw", .name = "x"}, {.path = folder / "db/disk.raw", .name = "y"}};
    EXPECT_EQ(read_jobs({folder / "3.txt"}, options)->jobs[0].name, "disk");
}

TEST(JobList, AFallbackIsForThoseThatSayNothingNorTheContrary)
{
    Folder const folder;
    auto options = with_keys();
    options.keys.push_back({.name = "config", .kind = JobKey::Kind::value, .contrary = "no-config"});
    options.keys.push_back({.name = "no-config", .kind = JobKey::Kind::flag, .contrary = "config"});
    options.fallbacks = {{"config", {"/here.toml"}}};
    folder.write("a.toml", "[[image]]\npath = \"a.raw\"\nno-config = true\n"
                           "[[image]]\npath = \"b.raw\"\n"
                           "[[image]]\npath = \"c.raw\"\nconfig = \"own.toml\"\n"
                           "[[image]]\npath = \"d.raw\"\nno-config = false\n");
    auto const arguments = [&](const std::string &name) {
        auto const list = read_jobs({folder / name}, options);
        std::vector<std::string> all;
        for (auto const &job : list->jobs) {
            for (auto const &word : arguments_of(job))
                all.push_back(word);
        }
        return all;
    };
    EXPECT_THAT(arguments("a.toml"),
                ElementsAre("--no-config", "--config=/here.toml", "--config=own.toml", "--config=/here.toml"));
    // The image's own word is instead of that of the list, and the list's instead of the command line's.
    options.defaults = {{"config", {"/given.toml"}}};
    EXPECT_THAT(arguments("a.toml"),
                ElementsAre("--no-config", "--config=/given.toml", "--config=own.toml", "--config=/given.toml"));
    folder.write("b.toml", "[defaults]\nconfig = \"all.toml\"\n"
                           "[[image]]\npath = \"a.raw\"\nno-config = true\n"
                           "[[image]]\npath = \"b.raw\"\n");
    options.defaults = {{"no-config"}};
    EXPECT_THAT(arguments("b.toml"), ElementsAre("--no-config", "--config=all.toml"));
}

TEST(JobList, FoldersAndPatternsGiveImagesOnce)
{
    Folder const folder;
    for (const char *const name :
         {"b.qcow2", "a.RAW", "notes.txt", ".hidden.raw", "esx.vmdk", "esx-flat.vmdk", "split-s001.vmdk"})
        folder.write(name, "");
    std::filesystem::create_directory(folder / "sub.raw");
    auto const list = read_jobs({folder.path(), folder / "*.qcow2"}, with_keys());
    ASSERT_TRUE(list) << describe(list.error());
    std::vector<std::string> names;
    for (auto const &job : list->jobs)
        names.push_back(job.name);
    EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "esx"}));
    EXPECT_EQ(list->notes.size(), 2U);
    auto const matched = read_jobs({folder / "*.vmdk"}, with_keys());
    ASSERT_TRUE(matched) << describe(matched.error());
    ASSERT_EQ(matched->jobs.size(), 1U);
    EXPECT_EQ(matched->jobs[0].name, "esx");
    EXPECT_THAT(matched->notes, ElementsAre(HasSubstr("2 files left out")));
    EXPECT_FALSE(read_jobs({folder / "*.vhdx"}, with_keys()));
    EXPECT_FALSE(read_jobs({folder / "missing.raw"}, with_keys()));
}

TEST(JobList, APathThatIsNoUtf8IsRefused)
{
    Folder const folder;
    folder.write("caf\xe9.raw", "");
    auto const list = read_jobs({folder.path()}, with_keys());
    ASSERT_FALSE(list);
    EXPECT_THAT(describe(list.error()), HasSubstr("UTF-8"));
}

TEST(JobList, AListWhoseNameOrFolderIsNoUtf8IsNoSurprise)
{
    Folder const folder;
    folder.write("l\xe9.txt", "/abs/a.raw\n");
    auto const list = read_jobs({folder / "l\xe9.txt"}, with_keys());
    ASSERT_TRUE(list) << describe(list.error());
    EXPECT_TRUE(code_points(list->jobs[0].where)) << list->jobs[0].where;
    BatchFolder const batch(folder / "out");
    ASSERT_TRUE(batch.make());
    EXPECT_TRUE(store_jobs(batch, list->jobs));
    std::filesystem::create_directory(folder / "\xe9");
    EXPECT_THAT(error_of(folder, "\xe9/a.csv", "path,data-disk\n/abs/a.raw,d.raw\n"),
                HasSubstr("line 2: 'data-disk' leads into a folder whose name is no valid UTF-8"));
}

TEST(JobList, AnOptionForAllThatIsNoUtf8IsRefused)
{
    Folder const folder;
    folder.write("a.raw", "");
    auto options = with_keys();
    options.defaults.push_back({"image-name", {"caf\xe9"}});
    auto const list = read_jobs({folder.path()}, options);
    ASSERT_FALSE(list);
    EXPECT_EQ(list.error().code, ErrorCode::usage);
    EXPECT_THAT(describe(list.error()), HasSubstr("image-name: is no valid UTF-8"));
}
