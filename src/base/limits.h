// SPDX-License-Identifier: Apache-2.0
// limits.h: every limit that keeps hostile input from costing unbounded time, memory or stack, with its reason.
#pragma once

enum {
	// Nesting of parentheses, unary operators and @@() in one expression. People write fewer than ten;
	// a level may hold one frame for each rank of operators, about 2 KB, so all of it stays under 1 MB of stack.
	LIMIT_EXPR_DEPTH = 256,
	// Types that C++ expressions of one session make (pointers, arrays). Equal ones are made once.
	LIMIT_EXPR_TYPES = 4096,
	// Arguments of one call in a dx expression, fields of one `new { }`; people write fewer than ten.
	LIMIT_DX_ARGUMENTS = 32,
	// Evaluations inside evaluations of dx: queries over queries, lambdas. Each level holds a few frames of some
	// 300 bytes.
	LIMIT_DX_DEPTH = 256,
	// Nodes that one dx evaluates and elements that it visits: some seconds.
	LIMIT_DX_STEPS = 1 << 22,
	// Elements of a collection that must be held at once (sorted, grouped). Process, thread and handle lists have
	// thousands.
	LIMIT_DX_ELEMENTS = 1 << 17,
	// Rows of one dx: -r9 has no end of its own.
	LIMIT_DX_ROWS = 100000,
	// Elements of a container that are shown unless a number is given: the debugger's own.
	LIMIT_DX_SHOWN = 100,
	// Memory of all user variables, and their number.
	LIMIT_DX_VARIABLE_MEMORY = 64 << 20,
	LIMIT_DX_VARIABLES = 1024,
	LIMIT_EXPR_BOUNDS = 8, // of an array's type in an expression; real code has two or three
			       // Bytes an address range may span without `L?`: the debugger's documented limit against
			       // typing errors.
	LIMIT_RANGE_BYTES = 256 << 20,
	// Frames of one stack walk. A stack overflow of 1 MiB with 16-byte frames has 65,536.
	LIMIT_FRAMES = 65536,
	// Bytes one frame may take. Real frames stay under 1 MiB (the default stack); Go and Fortran reach a few.
	LIMIT_FRAME_BYTES = 16 << 20,
	// Kernel stacks that one walk knows: a session's and a processor's thread, its DPCs', its interrupts'.
	LIMIT_KERNEL_STACKS = 4,
	// Bytes of a kernel stack; Windows' largest (of graphics threads on ARM64) stay below.
	LIMIT_KERNEL_STACK_BYTES = 0x40000,
	// Stack words looked at for one scanned frame; 8 KiB on x64. Larger local buffers end the scan.
	LIMIT_SCAN_WORDS = 1024,
	// Depth of k when .kframes was not given; WinDbg's documented default.
	LIMIT_KFRAMES_DEFAULT = 256,
	// Memory of one command. The largest real answers (all stacks of 2,000 threads) need 60 MB.
	LIMIT_COMMAND_MEMORY = 256 << 20,
	// Memory of an opened dump: registries, symbols, images. A dump of 2,000 modules stays under 100 MB.
	LIMIT_SESSION_MEMORY = 1 << 30,
	// Dumps open at the same time; a few descriptors each.
	LIMIT_SYSTEMS = 256,
	// Lines that the prompt keeps; a year of daily use stays below.
	LIMIT_HISTORY_LINES = 100000,
	// Words that completion offers, files of a folder it looks at, and the time it takes: a person is waiting.
	LIMIT_COMPLETIONS = 200,
	LIMIT_COMPLETION_FILES = 20000,
	LIMIT_COMPLETION_US = 300000,
	// Commands that run commands (~*e inside .for inside .if ...).
	LIMIT_COMMAND_NESTING = 64,
	// Text of a script, of an alias, or of both put together; published scripts stay under 100 KB.
	LIMIT_SCRIPT_TEXT = 16 << 20,
	// User-named aliases; scripts define a few dozen.
	LIMIT_ALIASES = 4096,
	// Sections inside sections of one document; the deepest has four.
	LIMIT_API_SECTIONS = 16,
	// ${${...}}.
	LIMIT_ALIAS_NESTING = 8,
	// Arguments that $$>a< gives to a script.
	LIMIT_SCRIPT_ARGUMENTS = 64,
	// States that .push saves: programs that call themselves save one each time.
	LIMIT_PUSHED = 256,
	// Script files that run script files.
	LIMIT_SCRIPT_FILES = 16,
	// Instructions of one function that uf follows; the largest of ntdll and clr have under 10,000.
	LIMIT_FUNCTION_INSNS = 1 << 16,
	// Instructions that # looks at when no length was given: more than any image's code section holds.
	LIMIT_SEARCH_INSNS = 1 << 24,
	// Hits that s saves; people save the default of 1,024.
	LIMIT_SEARCH_HITS = 1 << 20,
	// Places where code differs from its image file; a kernel whose calls were all rewritten has some 20,000.
	LIMIT_IMAGE_DIFFS = 1 << 18,
	// Windows itself loads at most 96; debug builds of MinGW reach about 30.
	LIMIT_PE_SECTIONS = 1024,
	// Ordinals are 16 bits wide, so no table that the loader accepts has more.
	LIMIT_PE_EXPORTS = 0x10000,
	// Symbols of one image's COFF table; the largest MinGW builds of browsers have about a million.
	LIMIT_PE_COFF_SYMBOLS = 1 << 22,
	// MSVC cuts decorated names at 4096 characters.
	LIMIT_PE_NAME = 4096,
	// The text of all export names of one image; the largest real tables hold a few MiB.
	LIMIT_PE_EXPORT_TEXT = 16 << 20,
	// Real images have one to eight entries.
	LIMIT_PE_DEBUG_DIRS = 256,
	// A CodeView record is 24 bytes and one path.
	LIMIT_PE_CODEVIEW = 0x10000,
	// Version resources are 16-bit sized by their own header.
	LIMIT_PE_VERSION = 0x10000,
	// Entries looked at in one level of the resource tree when the version is searched.
	LIMIT_PE_RES_ENTRIES = 4096,
	// Chained unwind data; Windows stops at 32 too.
	LIMIT_UNWIND_CHAIN = 32,
	// Streams of a minidump. Writers use about 20.
	LIMIT_STREAMS = 1 << 16,
	// Threads of a dump; the handle space ends a process far below this.
	LIMIT_THREADS = 1 << 20,
	// Modules of a dump. The largest processes load a few thousand.
	LIMIT_MODULES = 1 << 16,
	// Entries of other lists that are decoded when a dump is opened (unloaded modules, tokens, annotations).
	LIMIT_ENTRIES = 1 << 20,
	// Memory ranges of a dump: 256 MiB of table, read in well under a second.
	LIMIT_RANGES = 1 << 24,
	// Memory ranges that need sorting cost private memory; a dump in order has no such limit.
	LIMIT_RANGES_INDEX = 1 << 22,
	// A UNICODE_STRING cannot be longer.
	LIMIT_NAME_BYTES = 1 << 16,
	// A comment stream, a Crashpad annotation.
	LIMIT_COMMENT_BYTES = 1 << 20,
	// All strings decoded when a dump is opened: hostile entries may share one long string.
	LIMIT_DUMP_TEXT = 1 << 26,
	// What is wrong with a dump file: more is noise.
	LIMIT_NOTES = 200,
	// Objects that one thread can wait for (MAXIMUM_WAIT_OBJECTS of winnt.h).
	LIMIT_WAIT_BLOCKS = 64,
	// Deferred calls in one processor's queue; a handful is usual.
	LIMIT_DPCS = 1024,
	// I/O requests of one thread that are shown; threads have a few.
	LIMIT_THREAD_IRPS = 1024,
	// Processes, and threads of one of them, that are listed; handles of both share one space.
	LIMIT_TASKS = 1 << 16,
	// Modules of one process that a kernel dump's PEB lists; the largest processes have some 1,000.
	LIMIT_USER_MODULES = 4096,
	// Bytes of a process' environment block; Windows sets no limit, 32 Ki characters are usual at most.
	LIMIT_ENVIRONMENT = 1 << 20,
	// Sections of one hardware error record; the firmware's have one to four.
	LIMIT_WHEA_SECTIONS = 64,
	// Bytes of one of them that are looked at; those that are decoded have 73 to 264.
	LIMIT_WHEA_SECTION = 1 << 16,
	// Links of one handle's object information; eight kinds exist.
	LIMIT_HANDLE_INFO = 32,
	// Blocks of base relocations of one image, a block a page: 4 GiB of image at most.
	LIMIT_RELOC_BLOCKS = 1 << 20,
	// Content of an archive, unless DUMPSCOPE_UNPACK_LIMIT says otherwise. Full dumps of servers reach this; an
	// archive of a few KiB can pretend to hold much more.
	LIMIT_UNPACK_GIB = 64,
	// Content kept in memory, unless DUMPSCOPE_UNPACK_MEMORY says otherwise; more goes to $TMPDIR. Most minidumps
	// fit.
	LIMIT_UNPACK_IN_MEMORY = 256 << 20,
	// Left free on the disk of $TMPDIR, so that unpacking does not stop other programs.
	LIMIT_UNPACK_SPARE_MIB = 512,
	// Wall time of one unpacking, unless DUMPSCOPE_UNPACK_SECONDS says otherwise: 64 GiB at a slow 36 MB/s.
	LIMIT_UNPACK_SECONDS = 1800,
	// Files looked at in one archive. Support bundles hold a few thousand.
	LIMIT_UNPACK_ENTRIES = 100000,
	// Memory of the helper program: the largest dictionary of xz is 1.5 GiB but presets stop at 64 MiB; zstd's 128
	// MiB.
	LIMIT_HELPER_MEMORY = 1 << 30,
	// The part of it for names and messages: a few KiB are used.
	LIMIT_HELPER_ARENA = 16 << 20,
	// Bytes of its answer that are read: a name and a sentence.
	LIMIT_HELPER_STATUS = 4096,
	// Frames of one thread that detectors look at; deeper ones say nothing new but in recursion.
	LIMIT_FACT_THREAD_FRAMES = 256,
	// Frames of the exception's stack: enough to show recursion, 2 MB.
	LIMIT_FACT_EVENT_FRAMES = 2000,
	// Frames of all threads together that are kept for detectors: about 64 MB.
	LIMIT_FACT_FRAMES = 65536,
	// Live stack searched for exceptions in dispatch, per thread: the default stack.
	LIMIT_FACT_STACK_BYTES = 1 << 20,
	// Kernel stack searched for return addresses and trap frames: more than the largest stack of Windows.
	LIMIT_FACT_KERNEL_STACK = 128 << 10,
	// Words of it that are kept.
	LIMIT_FACT_WORDS = 4096,
	// Exceptions in dispatch on one stack; Windows gives up on nesting far earlier.
	LIMIT_FACT_DISPATCHES = 16,
	// Rows of evidence of one finding; more threads or modules are only counted.
	LIMIT_EVIDENCE = 24,
	// Decorated names: a symbol record of a PDB cannot be longer.
	LIMIT_UNDNAME_INPUT = 1 << 16,
	// Their nesting, read and written; a level takes about 1 KiB of stack. Real templates stay under 100.
	LIMIT_UNDNAME_DEPTH = 512,
	// The text of one undecorated name: back-references double it with each few characters. The longest real names,
	// of expression templates, have a few hundred KiB.
	LIMIT_UNDNAME_OUTPUT = 1 << 20,
	// Nodes read and written for one name; a million take some 20 ms.
	LIMIT_UNDNAME_STEPS = 1 << 20,
	// Memory for one name while it is read: some 600 bytes for each of its characters.
	LIMIT_UNDNAME_MEMORY = 64 << 20,
	// Streams of a PDB: the DBI stream numbers them with 16 bits.
	LIMIT_PDB_STREAMS = 1 << 16,
	// The directory of a PDB: 4 bytes a block; 64 GiB in 4 KiB blocks.
	LIMIT_PDB_DIRECTORY = 64 << 20,
	// One part of a PDB that is copied because its blocks are scattered; a link-time-generated module of a browser
	// has about 100 MiB.
	LIMIT_PDB_PART = 256 << 20,
	// A symbol's name; compilers cut at 4 KiB, Rust's longest are near that.
	LIMIT_PDB_NAME = 1 << 16,
	// Public names that share one address (identical functions folded into one) and are looked through.
	LIMIT_PDB_FOLDED = 64,
	// Names of one hash bucket that are compared; 5 million names over 4096 buckets have 1200.
	LIMIT_PDB_BUCKET = 1 << 16,
	// Inlined calls inside each other; optimised C++ and Rust reach about 40.
	LIMIT_PDB_INLINE_DEPTH = 256,
	// Inlined calls of one function; generated code reaches some ten thousand.
	LIMIT_PDB_INLINE_SITES = 1 << 20,
	// Public addresses that are kept decoded once look-ups are frequent: 4 MiB.
	LIMIT_PDB_PUBLIC_TABLE = 1 << 20,
	// Records of a PDB's globals that are read to find data by address; the largest browsers have 600,000.
	LIMIT_PDB_GLOBALS = 1 << 20,
	// Section contributions that are kept decoded once look-ups are frequent: 24 MiB.
	LIMIT_PDB_CONTRIBS = 1 << 21,
	// Frame records of a PDB: 16 bytes each once sorted. The largest 32-bit browsers have 700,000.
	LIMIT_PDB_FRAMES = 1 << 22,
	// Frame records around each other: one for each push of a prolog, so under 10.
	LIMIT_PDB_FRAME_NESTING = 256,
	// Records of a function that are looked through for the sizes of its frame: one for each local and range.
	LIMIT_PDB_FRAMEPROC = 1 << 16,
	// Pointers to arrays of pointers ..., base classes of base classes: real ones stay under 20.
	LIMIT_TYPE_DEPTH = 64,
	// Members looked through for one name, those of base classes too; the largest generated enum has 100,000.
	LIMIT_TYPE_STEPS = 1 << 20,
	// Parameters of a function that are written; compilers stop at a few hundred.
	LIMIT_TYPE_PARAMS = 1024,
	// Type records walked from a known place of the stream to the one that is wanted: 8 KiB hold 2,000.
	LIMIT_PDB_TYPE_WALK = 4096,
	// Types of a PDB that tables are made for, 12 bytes each; the largest browsers have 6 million.
	LIMIT_PDB_TYPES = 1 << 24,
	// Lists that continue one another, each of at most 64 KiB: enums of 100,000 names need 60.
	LIMIT_PDB_FIELD_LISTS = 4096,
	// Members of one type, overloads counted.
	LIMIT_PDB_FIELDS = 1 << 20,
	// Types with one name that are compared; names repeat with each differing definition.
	LIMIT_PDB_SAME_NAME = 4096,
	// A file or module in a source line expression.
	LIMIT_SOURCE_NAME = 1024,
	// Folders of a source path, and parts of a recorded path: each tail is looked for in each folder.
	LIMIT_SOURCE_FOLDERS = 64,
	LIMIT_SOURCE_PARTS = 64,
	// A source file: the largest that is generated (SQLite in one file) has 9 MB.
	LIMIT_SOURCE_FILE = 64 << 20,
	// Bytes of a source line that are shown, and lines that a command shows.
	LIMIT_SOURCE_LINE = 1024,
	LIMIT_SOURCE_LINES = 10000,
	// Variables of one frame; generated functions reach some thousands.
	LIMIT_LOCALS = 16384,
	// A variable that is put together from pieces: compilers split at most a few registers' worth.
	LIMIT_LOCAL_BYTES = 4096,
	// Functions recorded inside another one (exception filters of x86) that are looked behind.
	LIMIT_PDB_INNER = 64,
	// Records of a module that are looked through for its compiler, which stands among the first three.
	LIMIT_PDB_COMPILER = 16,
	// Words of an x86 frame program, values on its stack, and variables; real ones have 60, 3 and 12.
	LIMIT_FRAME_WORDS = 1024,
	LIMIT_FRAME_STACK = 32,
	LIMIT_FRAME_VARIABLES = 32,
	// Instructions that are followed from the start of an x86 function, or to its return: prologs have under 20.
	LIMIT_X86_FOLLOW = 64,
	// Bytes of code that are followed from the symbol below an x86 address, to see whether both are one function.
	LIMIT_X86_REACH = 4096,
	// Words above the place where an x86 frame record puts the return address that are looked at: arguments that
	// were pushed for calls which are not made yet.
	LIMIT_X86_SEARCH = 32,
	// Nested blocks of a function whose variables are told apart; people nest under 20.
	LIMIT_PDB_BLOCKS = 256,
	// Nested scopes of one function id.
	LIMIT_PDB_SCOPES = 32,
	// Elements of a symbol path, and stores of one chain; people write fewer than ten.
	LIMIT_STORE_ELEMENTS = 256,
	LIMIT_STORE_CHAIN = 16,
	// A pointer file of a symbol store holds one path.
	LIMIT_STORE_POINTER = 4096,
	// A symbol file that is copied into a store: no PDB is larger than its blocks can number.
	LIMIT_STORE_FILE_GIB = 64,
	// Names that were not found and are not asked for again: 16 bytes each.
	LIMIT_STORE_MISSES = 1 << 16,
	// Pages of a kernel dump's bitmap: 64 TiB; Windows 11 uses at most 24.
	LIMIT_KERNEL_PAGES = 1 << 30,
	// Ranges of a dump that a debugger wrote.
	LIMIT_KERNEL_RUNS = 1 << 20,
	// Runs in a kernel dump's header: 43 have room, tools that write on behind them stop at 128.
	LIMIT_KERNEL_HEADER_RUNS = 128,
	// UTF-16 units of a driver's name: Windows' longest path.
	LIMIT_KERNEL_NAME = 32768,
	// Unloaded drivers: Windows remembers 50.
	LIMIT_KERNEL_UNLOADED = 1024,
	// Drivers' own data at the end of a kernel dump; real ones have up to 60.
	LIMIT_KERNEL_BLOBS = 4096,
	// KDDEBUGGER_DATA64; the longest known has 0x3a0 bytes.
	LIMIT_KDBG_BYTES = 4096,
	// Processors of a kernel dump: Windows has at most 2048.
	LIMIT_PROCESSORS = 2048,
	// Pages and gaps passed by in search of the next readable address; 256 GiB of large pages.
	LIMIT_SPACE_STEPS = 1 << 17,
	// Pages and holes that !ptov lists: 64 GiB of pages of 4 KiB.
	LIMIT_PTOV_STEPS = 1 << 24,
	// Entries of a kernel's list of modules or processes that are followed: lists in dumps may be cyclic.
	LIMIT_KERNEL_LIST = 1 << 16,
	// Sections of a layout pack; 13 are known.
	LIMIT_PACK_SECTIONS = 64,
	// Rows of one of its sections; the largest browsers have 10 million lines.
	LIMIT_PACK_ROWS = 1 << 27,
	// Names in one bucket of its hash tables that are looked at; real buckets hold fewer than 20.
	LIMIT_PACK_BUCKET = 1 << 12,
	// Names that share one address and are looked through for the first.
	LIMIT_PACK_FOLDED = 256,
	// A name in a pack: as in PDBs.
	LIMIT_PACK_NAME = 1 << 16,
	// Inlined ranges of one function that are looked through; generated code reaches some ten thousand.
	LIMIT_PACK_INLINES = 1 << 17,
	// Frame records that are looked through backwards for the one that covers an address; a function has under 20.
	LIMIT_PACK_FRAMES_BACK = 64,
	// Memory for making a pack: twelve times an ISF's 7 MB, twice a browser's .sym of 300 MB.
	LIMIT_PACK_MEMORY = 1 << 30,
	// Nesting of JSON in an ISF; pointers to pointers to arrays take two levels each.
	LIMIT_ISF_DEPTH = 128,
	// Units of one image's DWARF; the largest browsers have 50,000.
	LIMIT_DWARF_UNITS = 1 << 20,
	// Declarations of one abbreviation table; compilers make a few hundred.
	LIMIT_DWARF_ABBREVS = 1 << 20,
	// Entries that refer to each other for a name: a clone, its abstract self, its declaration. More is a loop.
	LIMIT_DWARF_REFERENCES = 16,
	// Scopes, or ranges of inlined calls, around one place; optimised C++ and Rust reach about 60.
	LIMIT_DWARF_NESTING = 512,
	// Namespaces and classes in one name.
	LIMIT_DWARF_SCOPES = 32,
	// Inlined calls of one function, as for PDBs.
	LIMIT_DWARF_SITES = 1 << 20,
	// Folders, or files, of one line table; a unity build of a browser has some thousand.
	LIMIT_DWARF_FILES = 1 << 20,
	// Rows that begin before an address and are looked through for the one that covers it, where code was folded.
	LIMIT_DWARF_FOLDED = 64,
	// Fields that one dt names, and their levels ("a.b.c").
	LIMIT_DT_SPECS = 32,
	LIMIT_DT_PARTS = 16,
	// Levels of structs inside structs. Kernel types nest some 12 deep without pointers.
	LIMIT_DT_DEPTH = 32,
	// Lines of one dt: nobody reads more, and -r9 has no end of its own.
	LIMIT_DT_ROWS = 100000,
	// Elements of a linked list. The longest of healthy systems (handles, pool descriptors) have some 10,000.
	LIMIT_LIST = 100000,
	// Words of each element that dl shows: a page.
	LIMIT_LIST_WORDS = 512,
	// Characters of one text that dt shows; a path of Windows has at most 260 in practice.
	LIMIT_VALUE_TEXT = 512,
	// Values inside one value's line of text: a vector of options of strings has three.
	LIMIT_VALUE_DEPTH = 6,
	// Elements of a container in a line of text; more are counted.
	LIMIT_VALUE_RUN = 8,
	// Variants of a Rust enum that are looked through.
	LIMIT_ENUM_VARIANTS = 4096,
	// Values that one command describes in words. A full dt -r9 of the largest kernel structure has some 100,000
	// rows.
	LIMIT_VALUE_STEPS = 1 << 18,
	// Downloads: connections at once; symbol servers shut out clients with many more.
	LIMIT_FETCH_CONNECTIONS = 8,
	// Files asked for in one run of the helper program; more take several.
	LIMIT_FETCH_JOBS = 1024,
	// Bytes of one answer of the helper program; a socket gives less.
	LIMIT_FETCH_FRAME = 1 << 16,
	// An address; servers refuse longer ones.
	LIMIT_FETCH_URL = 8192,
	// A file from a server; the largest PDBs of browsers have 4 GiB.
	LIMIT_FETCH_GIB = 16,
	// Headers of all answers on the way to one file; ordinary ones have 1 KiB.
	LIMIT_FETCH_HEADERS = 256 << 10,
	// Bytes of an answer that is no file (an error page); more ends the connection.
	LIMIT_FETCH_PAGE = 64 << 10,
	// Redirects to one file; Microsoft's server sends one.
	LIMIT_FETCH_REDIRECTS = 5,
	// Times that one file is begun; a cut download goes on where it was.
	LIMIT_FETCH_ATTEMPTS = 3,
	// Seconds: to connect; below 512 bytes a second; for one file (4 GiB at 1.2 MB/s).
	LIMIT_FETCH_CONNECT_SECONDS = 10,
	LIMIT_FETCH_STALL_SECONDS = 30,
	LIMIT_FETCH_TOTAL_SECONDS = 3600,
	// Silence of the helper program, which speaks every second.
	LIMIT_FETCH_SILENCE_SECONDS = 30,
	// Memory of the helper program with the network: libcurl, TLS and eight connections take 20 MiB.
	LIMIT_FETCH_MEMORY = 256 << 20,
	// A file.ptr: a path or a sentence.
	LIMIT_FILE_PTR = 4096,
	// How long a server is believed that it has no such file; symbols of a new build come within hours.
	LIMIT_FETCH_ABSENT_SECONDS = 4 * 3600,
	// A cut download smaller than this is not kept.
	LIMIT_FETCH_PARTIAL = 64 << 10,
	// How old the beginning of a download may be to be gone on with.
	LIMIT_FETCH_PARTIAL_SECONDS = 7 * 24 * 3600,
	// Downloads whose files are open at the same time; a process may have 1024 files open.
	LIMIT_FETCH_BATCH = 128,
	// Names in one folder of a symbol store that is verified; Microsoft's own has some 100,000 files.
	LIMIT_STORE_NAMES = 1 << 20,
	// Bytes of a kernel stack in which a trap frame is looked for. The largest kernel stacks of x64 have 72 KiB.
	LIMIT_TRAP_SEARCH_BYTES = 96 << 10,
	// Pieces of memory of a minidump that is written: 16 MiB; a stack of 1 MiB leads to some 10,000.
	LIMIT_WRITE_INTERVALS = 1 << 20,
	// What a minidump that is written says besides memory; handles and memory information of the largest servers
	// take some 100 MiB.
	LIMIT_WRITE_FACTS = 1 << 30,
};
