/*
 * The TLB flush of mshare regions, as arch/x86/mm/tlb.c of the series does it.
 *
 * One CPU runs a sharer, an mm with up to two windows on regions that have a
 * bucket each. Meanwhile others, on CPUs that do not matter, change an entry of
 * a region and flush it, change an entry of the mm's own tables and flush that,
 * and attach and detach windows. The CPU must never use an entry that was
 * changed before a flush that has returned.
 *
 * Memory is sequentially consistent here: where the code needs a barrier for
 * that, it says so. The names in brackets are those of the comment in tlb.c.
 *
 * With GLOBAL, the mm may get a global ASID, as with INVLPGB on Linux 7.3. A CPU
 * that has it loaded compares no generation, and broadcasts keep its entries up
 * to date.
 *
 * FLUSHERS, FLUSHES, OWN and CHANGES say how much happens; the script "run" has
 * the sizes. Each MUTANT_* leaves out what the protocol needs, and must fail.
 */

#ifndef REGIONS
#define REGIONS 1
#endif
#ifndef FLUSHERS
#define FLUSHERS 1
#endif
#ifndef FLUSHES
#define FLUSHES 1	/* by each flusher */
#endif
#ifndef OWN
#define OWN 1		/* flushes of an entry of the mm's own */
#endif
#ifndef CHANGES
#define CHANGES 3	/* windows that come or go */
#endif

/* With SHARED_BUCKET, two regions have one, as where more than 64 have windows. */
#ifdef SHARED_BUCKET
#define BUCKET(r) 0
#else
#define BUCKET(r) (r)
#endif

#define UNKNOWN 255	/* MSHARE_GEN_UNKNOWN */
#define INVALID 255	/* TLB_GENERATION_INVALID */
#define ABSENT 255	/* not in the TLB */

/* Page tables. A version counts the changes of an entry. */
byte entry[REGIONS];		/* of an entry of each region */
byte own_entry;			/* of an entry of the mm's own tables */
bit linked[REGIONS];		/* the mm links the region's table */
byte link_version[REGIONS];

/* What has been flushed, by a flush that has returned. */
byte entry_done[REGIONS], own_entry_done, link_done[REGIONS];
/* Likewise, by flushes that freed a table, also for lazy CPUs. */
byte freed_done[REGIONS];

/* struct mshare_bucket, and which one the host names */
byte generation[REGIONS];
bit in_mask[REGIONS];
bit host_named[REGIONS];

/* mm->context, and whether the CPU is in mm_cpumask */
byte own_generation = 10;
byte buckets;
byte windows;			/* a bit for each region */
byte sequence;
bit in_cpumask;

/* The CPU: loaded mm, laziness, the slot of the mm, the TLB under its PCID */
mtype = { OTHER, SHARER, SWITCHING };
mtype loaded = OTHER;
bit lazy;
byte slot = 0;
byte cpu_buckets;
byte shared_reached = UNKNOWN;
byte tlb_entry[REGIONS] = ABSENT, tlb_link[REGIONS], tlb_own = ABSENT;

/* The mm has a global ASID, and the CPU uses it; and mshare_global_asids */
bit global_asid, cpu_global, noted;

/* Interrupts: who waits for one, and what for */
#define FLUSHER_0 0
#define FLUSHER_1 1
#define OWNER 2
#define MANAGER 3
mtype = { NONE, SHARED, MINE, TELL, BATCH };
mtype request[4] = NONE;
byte request_region[4], request_generation[4];
bit request_range[4];

/* What the CPU has in registers, done with: fewer states */
inline forget(sum, shared, seq, new)
{
	d_step { sum = 0; shared = 0; seq = 0; new = 0 }
}

#ifdef MUTANT_NO_EXTRA
#define EXTRA 0
#else
#define EXTRA 1
#endif

#define BIT(r) (1 << (r))
#if REGIONS == 1
#define SINGLE(mask) true
#define SHARED_SUM(mask) ((mask) -> generation[0] : 0)
#else
#define SINGLE(mask) ((mask) != 3)
#define SHARED_SUM(mask) \
	((((mask) & 1) -> generation[0] : 0) + (((mask) & 2) -> generation[1] : 0))
#endif

/* read_mm_tlb_gen(): not in one step, but between two equal sequence counts */
inline read_generation(sum, shared, seq)
{
	do
	:: atomic { (sequence % 2 == 0) -> seq = sequence; sum = own_generation };
	   atomic {
		shared = SHARED_SUM(buckets);
		if
#ifdef MUTANT_NO_SEQUENCE
		:: true -> sum = sum + shared; break
#else
		:: sequence == seq -> sum = sum + shared; break
		:: else
#endif
		fi
	   }
	od
}

/*
 * The TLB has an entry as soon as it may: what is loaded later is newer, and
 * does no harm that this does not do.
 */
inline load_entry(r)
{
	if
	:: linked[r] && tlb_entry[r] == ABSENT ->
		tlb_entry[r] = entry[r];
		tlb_link[r] = link_version[r]
	:: else
	fi
}

inline load_all()
{
	load_entry(0);
#if REGIONS > 1
	load_entry(1);
#endif
	if
	:: tlb_own == ABSENT -> tlb_own = own_entry
	:: else
	fi
}

inline drop_all()
{
	tlb_entry[0] = ABSENT; tlb_link[0] = 0;
#if REGIONS > 1
	tlb_entry[1] = ABSENT; tlb_link[1] = 0;
#endif
	tlb_own = ABSENT
}

/*
 * INVLPGB: all CPUs drop what they have, and load it anew. Entries of an ASID that
 * is not loaded stay out until then.
 */
inline broadcast()
{
	d_step {
		drop_all();
		if
		:: loaded == SHARER -> load_all()
		:: else
		fi
	}
}

/* To the global ASID, of which the TLB has nothing that was not kept up to date */
inline use_global_asid()
{
	d_step {
		if
		:: !cpu_global -> drop_all(); cpu_global = 1
		:: else
		fi;
		load_all()
	}
}

/* [enter]: mshare_track() */
inline track(mask)
{
	d_step {
		if
		:: cpu_buckets != (mask) ->
			in_mask[0] = (mask) & 1;
#if REGIONS > 1
			in_mask[1] = ((mask) >> 1) & 1;
#endif
			cpu_buckets = (mask);
			shared_reached = UNKNOWN
		:: else
		fi
	}
}

inline switch_away()
{
	atomic { loaded = SWITCHING; in_cpumask = 0; track(0); lazy = 0; loaded = OTHER }
}

/* Flush all, and note how far that goes */
inline flush_to(sum, shared)
{
	drop_all();
	slot = sum;
	if
	:: shared -> shared_reached = shared
	:: else
	fi
}

/*
 * flush_tlb_func(): interrupts are off. What comes before the generation is
 * read, and what comes after it, is the CPU's own.
 */
inline flush_function(i, sum, shared, seq, new)
{
	atomic {
		new = INVALID;
		if
		:: loaded != SHARER -> goto handled	/* nothing to flush */
#ifdef GLOBAL
		:: loaded == SHARER && global_asid ->
			use_global_asid();
			goto handled
#endif
		:: loaded == SHARER && lazy -> switch_away(); goto handled
		:: else
		fi;
		if
		:: request[i] == MINE -> new = request_generation[i]
		:: request[i] == BATCH
		:: request[i] == SHARED ->
			if
			:: !(buckets & BIT(BUCKET(request_region[i]))) ->
				track(buckets);
				goto handled
			:: else
			fi;
			/* mshare_new_tlb_gen() */
			if
#ifdef MUTANT_ANY_PARTIAL
			:: true -> new = slot + 1
#else
			:: buckets == BIT(BUCKET(request_region[i])) &&
			   shared_reached == request_generation[i] - 1 -> new = slot + 1
			:: else
#endif
			fi
		fi;
		if
		:: new != INVALID && new <= slot -> goto handled
		:: else
		fi
	};
	read_generation(sum, shared, seq);
	atomic {
		assert(slot <= sum);
		if
		:: slot == sum -> goto handled
		:: else
		fi;
		if
		:: request_range[i] && new == slot + 1 && new == sum ->
			if
			:: request[i] == MINE -> tlb_own = ABSENT
			:: else -> tlb_entry[request_region[i]] = ABSENT
			fi
		:: else -> drop_all()
		fi;
		load_all();
		slot = sum;
		if
		:: shared -> shared_reached = shared
		:: else
		fi
	};
handled:
	atomic { request[i] = NONE; forget(sum, shared, seq, new) }
}

inline handle(i, sum, shared, seq, new)
{
	if
	:: request[i] == TELL ->
		atomic {
			if
			:: loaded == SHARER -> track(buckets)
			:: else
			fi;
			request[i] = NONE
		}
	:: else -> flush_function(i, sum, shared, seq, new)
	fi
}

/* An entry from before a flush that has returned */
#define STALE(r, done) (tlb_entry[r] != ABSENT && \
	(tlb_entry[r] < done[r] || tlb_link[r] < link_done[r]))

/* A lazy CPU does not run the program, but must not walk tables that are gone */
inline use()
{
	d_step {
		assert(!STALE(0, freed_done));
		assert(lazy || !STALE(0, entry_done));
#if REGIONS > 1
		assert(!STALE(1, freed_done));
		assert(lazy || !STALE(1, entry_done));
#endif
		assert(lazy || tlb_own == ABSENT || tlb_own >= own_entry_done)
	}
}

active proctype cpu()
{
	byte sum, shared, seq, new;

	do
	/* interrupts */
	:: request[FLUSHER_0] != NONE ->
		handle(FLUSHER_0, sum, shared, seq, new)
#if FLUSHERS > 1
	:: request[FLUSHER_1] != NONE ->
		handle(FLUSHER_1, sum, shared, seq, new)
#endif
#if OWN > 0
	:: request[OWNER] != NONE -> handle(OWNER, sum, shared, seq, new)
#endif
	:: request[MANAGER] != NONE -> handle(MANAGER, sum, shared, seq, new)

	/* a program, or speculation of a lazy CPU */
	:: loaded == SHARER -> use()

	/* to a kernel thread, and back */
	:: loaded == SHARER && !lazy -> lazy = 1
	:: loaded == SHARER && lazy ->
		lazy = 0;
#ifdef GLOBAL
		atomic {
			if
			:: global_asid -> use_global_asid(); goto end_lazy
			:: else
			fi
		};
#endif
#ifndef MUTANT_LAZY_UNCHECKED
		read_generation(sum, shared, seq);
		atomic {
			if
			:: slot == sum
			:: else -> flush_to(sum, shared)
			fi;
			load_all();
			forget(sum, shared, seq, new)
		}
#endif
end_lazy:	skip

	/* to another mm, and back */
	:: loaded == SHARER -> switch_away()
	:: loaded == OTHER ->
		atomic { loaded = SWITCHING; in_cpumask = 1 };
#ifdef MUTANT_MASK_AFTER_GENERATION
		read_generation(sum, shared, seq);
		track(buckets);
#else
		track(buckets);
		read_generation(sum, shared, seq);
#endif
		atomic {
			if
#ifdef GLOBAL
			:: global_asid -> use_global_asid()
#endif
			:: !global_asid && slot < sum -> flush_to(sum, shared)
			:: !global_asid && shared && slot >= sum -> shared_reached = shared
			:: else
			fi;
			loaded = SHARER;
			load_all();
			forget(sum, shared, seq, new)
		}
	od
}

/* flush_tlb_mm_range() of a host mm, or a batch of deferred flushes */
inline wait_for_interrupt(i)
{
	atomic {
		request[i] == NONE ->
		request_region[i] = 0; request_generation[i] = 0; request_range[i] = 0
	}
}

inline send(i, what, r, gen, range)
{
	d_step {
		request_region[i] = r;
		request_generation[i] = gen;
		request_range[i] = range;
		request[i] = what
	}
}

inline note_done(r, version, freed)
{
	if
	:: entry_done[r] < version -> entry_done[r] = version
	:: else
	fi;
	if
	:: freed && freed_done[r] < version -> freed_done[r] = version
	:: else
	fi
}

inline change(r, version)
{
	atomic { entry[r] = entry[r] + 1; version = entry[r] }
}

proctype flusher(byte i)
{
	byte r, count, version, gen;
	bit named, freed, deferred;

	do
	:: count == FLUSHES -> break
	:: else ->
		atomic {
			count++;
			if
			:: r = 0
#if REGIONS > 1
			:: r = 1
#endif
			fi;
			if
			:: deferred = 1
			:: freed = 0
			:: freed = 1
			fi
		};
#ifdef MUTANT_BUCKET_BEFORE_CHANGE
		named = host_named[r];
		change(r, version);
#else
		/* [change] */
		change(r, version);
		/* [bucket] */
		named = host_named[r];
#endif
		if
		:: deferred ->		/* one more page, before the batch ends */
			change(r, version);
			named = named | host_named[r]
		:: else
		fi;
		if
		:: named ->
			/* [generation] */
#ifndef MUTANT_NO_GENERATION
			atomic {
				generation[BUCKET(r)] = generation[BUCKET(r)] + 1;
				gen = generation[BUCKET(r)]
			};
#endif
#ifdef GLOBAL
			/* [broadcast] */
			if
			:: noted || deferred -> broadcast()
			:: else
			fi;
#endif
			/* [interrupt] */
			if
			:: in_mask[BUCKET(r)] ->
				atomic {
					if
					:: !freed && lazy
					:: else ->
						if
						:: deferred -> send(i, BATCH, r, gen, 0)
						:: else -> send(i, SHARED, r, gen, 1)
						fi
					fi
				};
				wait_for_interrupt(i)
			:: else
			fi
		:: else
		fi;
		atomic {
			note_done(r, version, freed);
			r = 0; version = 0; gen = 0; named = 0; freed = 0; deferred = 0
		}
	od
}

/* flush_tlb_mm_range() of the mm itself; next_mm_tlb_gen() */
inline own_flush(i, freed, range, gen, shared, seq)
{
	atomic { (sequence % 2 == 0) -> seq = sequence; shared = SHARED_SUM(buckets) };
	atomic { own_generation = own_generation + 1; gen = own_generation + shared };
#ifndef MUTANT_NO_RECHECK
	atomic {
		if
		:: SHARED_SUM(buckets) == shared && sequence == seq -> goto exact
		:: else
		fi
	};
	read_generation(gen, shared, seq);
	range = 0;
exact:
#endif
#ifdef GLOBAL
	/* broadcast_tlb_flush(): for an ASID that a CPU uses, before the interrupt */
	if
	:: cpu_global -> broadcast()
	:: else
	fi;
#endif
	if
	:: in_cpumask ->
		atomic {
			if
			:: !freed && lazy
			:: else -> send(i, MINE, 0, gen, range)
			fi
		};
		wait_for_interrupt(i)
	:: else
	fi
}

proctype owner()
{
	byte count, version, gen, shared, seq;
	bit range;

	do
	:: count == OWN -> break
	:: else ->
		atomic { count++; range = 1; own_entry = own_entry + 1; version = own_entry };
		own_flush(OWNER, 0, range, gen, shared, seq);
		d_step {
			if
			:: own_entry_done < version -> own_entry_done = version
			:: else
			fi;
			version = 0; gen = 0; shared = 0; seq = 0; range = 0
		}
	od
}

/* mshare_set_buckets() */
inline set_buckets(new, delta)
{
	sequence++;
#ifndef MUTANT_NO_FOLD
	delta = SHARED_SUM(buckets & ~(new)) - SHARED_SUM((new) & ~buckets) +
		((buckets & ~(new)) -> EXTRA : 0);
#endif
	own_generation = own_generation + delta;
	atomic { buckets = new; sequence++; delta = 0 }
}

/* mmap() and munmap() of windows, which exclude each other */
proctype manager()
{
	byte count, r, gen, shared, seq;
	short delta;
	bit range;

	do
	:: count == CHANGES -> break
	:: else ->
		count++;
		if
		:: r = 0
#if REGIONS > 1
		:: r = 1
#endif
		fi;
		if
		:: !(windows & BIT(r)) ->
			windows = windows | BIT(r);
#ifndef MUTANT_HOST_AFTER_LINK
			host_named[r] = 1;
#endif
			if
			:: !(buckets & BIT(BUCKET(r))) ->
				/* [attach] */
				set_buckets(buckets | BIT(BUCKET(r)), delta);
#if defined(GLOBAL) && !defined(MUTANT_NOT_NOTED)
				/* [note], under the lock of [assign] */
				if
				:: global_asid -> noted = 1
				:: else
				fi;
#endif
				/* [tell] */
#ifndef MUTANT_UNTOLD
				if
				:: in_cpumask ->
					send(MANAGER, TELL, 0, 0, 0);
					wait_for_interrupt(MANAGER)
				:: else
				fi
#endif
			:: else
			fi;
			/* [link]; or nobody ever touches it */
			if
			:: atomic {
				linked[r] = 1;
				if
				:: loaded == SHARER -> load_entry(r)
				:: else
				fi
			   }
			:: true
			fi;
#ifdef MUTANT_HOST_AFTER_LINK
			host_named[r] = 1;
#endif
		:: else ->
			/* [unlink] */
			if
			:: linked[r] ->
				linked[r] = 0;
				link_version[r]++;
				range = 0;
				own_flush(MANAGER, 1, range, gen, shared, seq);
				link_done[r] = link_version[r]
			:: else
			fi;
			windows = windows & ~BIT(r);
			/* [detach] */
			if
#ifdef SHARED_BUCKET
#ifndef MUTANT_NOT_LAST
			:: windows
#endif
#endif
			:: else -> set_buckets(buckets & ~BIT(BUCKET(r)), delta)
			fi;
			host_named[r] = 0
		fi;
		d_step { r = 0; gen = 0; shared = 0; seq = 0; delta = 0; range = 0 }
	od
}

#ifdef GLOBAL
/* [assign]: use_global_asid(), by a flush of the mm */
proctype assigner()
{
	atomic {
#ifdef MUTANT_ASSIGN_SHARER
		global_asid = 1
#else
		if
		:: !buckets -> global_asid = 1
		:: else
		fi
#endif
	}
}
#endif

init
{
	atomic {
#ifdef GLOBAL
		run assigner();
#endif
		run flusher(FLUSHER_0);
#if FLUSHERS > 1
		run flusher(FLUSHER_1);
#endif
#if OWN > 0
		run owner();
#endif
		run manager()
	}
}
