// What libknit.so shows. Everything else in it is hidden: the library is compiled with -fvisibility=hidden.
#pragma once

#define KNIT_EXPORT [[gnu::visibility("default")]]
