import { shard } from './shard.ts'

shard(2, 2600, 12)
