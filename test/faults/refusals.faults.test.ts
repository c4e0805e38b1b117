// Calls that the cloud refuses, for good or for now.
import { testEveryCall } from './matrix.ts'

testEveryCall('is refused')
testEveryCall('meets one that is busy for 10 s')
testEveryCall('is throttled three times')
